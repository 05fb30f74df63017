#include "bench/cancel/phases.h"

#include <chrono>
#include <string>
#include <utility>

#include "bench/comparison/picture.h"
#include "bench/long_prompt.h"
#include "bench/standard_class.h"

namespace plimsoll::bench {

namespace {

// Short enough to be cancelled some hundred times, long enough to be met.
constexpr int kPromptWords = 100;
constexpr int kAnswerTokens = 64;

// ---- the questions whose longest phase is the one that is to be cancelled

GenerationRequest about(std::string jpeg) { return greedy("Describe this image.", {{std::move(jpeg)}}, 8); }

// 48 megapixels: decoding them takes long enough to be met. Made again only when another one is asked for.
GenerationRequest large_picture(unsigned variant) {
  static unsigned made = 0;
  static std::string jpeg;
  if (jpeg.empty() || made != variant) jpeg = jpeg_picture(8000, 6000, made = variant);
  return about(jpeg);
}

GenerationRequest small_picture(unsigned variant) {
  return about(jpeg_picture(kPictureWidth, kPictureHeight, variant));
}

GenerationRequest long_question(unsigned variant) {
  return greedy(long_prompt(kPromptWords, variant), {}, 1);
}

GenerationRequest long_answer(unsigned) {
  GenerationRequest request = greedy("Tell me a long story.", {}, kAnswerTokens);
  request.temperature = 50.0F;  // sampled hot, it does not end by itself for a while
  request.top_p = 1.0F;
  request.seed = 3;
  return request;
}

// ---- where a question was when it was cancelled

using Timing = GenerationTiming;

bool in_decode(const Timing& t) { return t.tokens > 0; }
bool in_prefill(const Timing& t) { return t.tokens == 0 && t.prefill_ms > 0; }
bool in_encode(const Timing& t) { return t.tokens == 0 && t.prefill_ms <= 0 && t.image_encode_ms > 0; }
bool in_image_decode(const Timing& t) { return t.tokens == 0 && t.prefill_ms <= 0 && t.image_encode_ms <= 0; }

// ---- when a question was in a phase

Window decoding(const Timing& t) {
  const double answer_ms = t.tokens_per_second > 0 ? t.tokens * 1000.0 / t.tokens_per_second : 0;
  return {t.time_to_first_token_ms, t.time_to_first_token_ms + answer_ms};
}
Window prefilling(const Timing& t) { return {0, t.prefill_ms}; }
Window encoding(const Timing& t) { return {t.image_decode_ms, t.image_decode_ms + t.image_encode_ms}; }
Window decoding_image(const Timing& t) { return {0, t.image_decode_ms}; }

Phase question(const char* name, GenerationRequest (*request)(unsigned), bool (*was_in)(const Timing&),
               Window (*window)(const Timing&)) {
  return {name, [=](VlmEvaluator& evaluator, unsigned variant) -> Run {
            value_or_exit(evaluator.load());
            return [&evaluator, asked = request(variant), was_in, window] {
              const auto result = value_or_exit(evaluator.generate(asked));
              const bool cancelled = result.finish_reason == FinishReason::cancelled;
              if (cancelled && was_in(result.timing)) return Outcome{.met = true};
              return Outcome{.met = false, .window = window(result.timing)};
            };
          }};
}

Run load(VlmEvaluator& evaluator, unsigned) {
  evaluator.unload_model();
  return [&evaluator] {
    const auto start = std::chrono::steady_clock::now();
    const auto loaded = evaluator.load();
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    if (!loaded && loaded.error().code == ErrorCode::cancelled) return Outcome{.met = true};
    value_or_exit(loaded);
    return Outcome{.met = false, .window = {0, took.count()}};
  };
}

}  // namespace

std::vector<Phase> phases() {
  return {{"load", load},
          question("image_decode", large_picture, in_image_decode, decoding_image),
          question("encode", small_picture, in_encode, encoding),
          question("prefill", long_question, in_prefill, prefilling),
          question("decode", long_answer, in_decode, decoding)};
}

}  // namespace plimsoll::bench
