// From a cancel_generation() until the load() or generate() that it stopped had returned, for cancels at
// random moments of each phase of a question, on the standard class. What phase a cancel really met is read
// from the result's timings; one that met another phase, or came too late, is made again. Prints one JSON
// object.
//
//   bench_cancel CANCELS MODEL [MMPROJ.gguf] [--check PICTURE]
//
// --check: after each cancel a question about PICTURE must get the answer that it got before the first one.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <thread>

#include "bench/comparison/picture.h"
#include "bench/long_prompt.h"
#include "bench/median.h"
#include "bench/standard_class.h"
#include "cli/openmp_wait.h"

namespace {

using namespace plimsoll;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;

constexpr int kAttemptsForEach = 5;

double ms_between(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - start).count();
}

// The moments of a run, in ms since its start, between which it is in the phase.
struct Window {
  double from_ms = 0;
  double until_ms = 0;
};

// Loads or asks; whether a cancel ended it in the very phase that it was to meet.
using Run = std::function<bool(VlmEvaluator& evaluator)>;

struct Phase {
  const char* name;
  Window window;
  std::function<Run(unsigned variant)> prepare;  // all that takes time and is no part of the run
};

// ---- the questions whose longest phase is the one that is to be cancelled

GenerationRequest about(std::string jpeg) {
  return bench::greedy("Describe this image.", {{std::move(jpeg)}}, 8);
}

// 48 megapixels: decoding them takes long enough to be met. Made again only when another one is asked for.
GenerationRequest large_picture(unsigned variant) {
  static unsigned made = 0;
  static std::string jpeg;
  if (jpeg.empty() || made != variant) jpeg = bench::jpeg_picture(8000, 6000, made = variant);
  return about(jpeg);
}

GenerationRequest small_picture(unsigned variant) {
  return about(bench::jpeg_picture(bench::kPictureWidth, bench::kPictureHeight, variant));
}

GenerationRequest long_question(unsigned variant) {
  return bench::greedy(bench::long_prompt(200, variant), {}, 1);
}

GenerationRequest long_answer(unsigned) {
  GenerationRequest request = bench::greedy("Tell me a long story.", {}, 256);
  request.temperature = 50.0F;  // sampled hot, it does not end by itself for a while
  request.top_p = 1.0F;
  request.seed = 3;
  return request;
}

// ---- where a cancelled question was

bool in_decode(const GenerationResult& r) { return r.timing.tokens > 0; }
bool in_prefill(const GenerationResult& r) { return !in_decode(r) && r.timing.prefill_ms > 0; }
bool in_encode(const GenerationResult& r) {
  return !in_decode(r) && r.timing.prefill_ms <= 0 && r.timing.image_encode_ms > 0;
}
bool in_image_decode(const GenerationResult& r) {
  return !in_decode(r) && r.timing.prefill_ms <= 0 && r.timing.image_decode_ms <= 0;
}

std::function<Run(unsigned)> question(GenerationRequest (*request)(unsigned),
                                      bool (*met)(const GenerationResult&)) {
  return [request, met](unsigned variant) -> Run {
    return [asked = request(variant), met](VlmEvaluator& evaluator) {
      const auto result = bench::value_or_exit(evaluator.generate(asked));
      return result.finish_reason == FinishReason::cancelled && met(result);
    };
  };
}

Run load(unsigned) {
  return [](VlmEvaluator& evaluator) {
    const auto loaded = evaluator.load();
    return !loaded && loaded.error().code == ErrorCode::cancelled;
  };
}

// Each phase's window is what one run without a cancel took.
std::vector<Phase> phases_of(VlmEvaluator& evaluator) {
  const auto timing = [&](GenerationRequest (*request)(unsigned)) {
    return bench::value_or_exit(evaluator.generate(request(0))).timing;
  };
  timing(small_picture);  // everything is warm after this
  evaluator.unload_model();
  const auto start = Clock::now();
  bench::value_or_exit(evaluator.load());
  const double load_ms = ms_between(start, Clock::now());
  const auto large = timing(large_picture), text = timing(long_question), answer = timing(long_answer);
  const auto small = bench::value_or_exit(evaluator.generate(small_picture(1))).timing;
  const double answer_ms = answer.tokens * 1000.0 / std::max(1.0, answer.tokens_per_second);
  return {{"load", {0, load_ms}, load},
          {"image_decode", {0, large.image_decode_ms}, question(large_picture, in_image_decode)},
          {"encode",
           {small.image_decode_ms, small.image_decode_ms + small.image_encode_ms},
           question(small_picture, in_encode)},
          {"prefill", {0, text.prefill_ms}, question(long_question, in_prefill)},
          {"decode",
           {answer.time_to_first_token_ms, answer.time_to_first_token_ms + answer_ms},
           question(long_answer, in_decode)}};
}

// The time from the cancel to the end; empty when it met another phase.
std::optional<double> cancel_once(VlmEvaluator& evaluator, const Run& run, double delay_ms) {
  Clock::time_point ended;
  bool met = false;
  std::thread running([&] {
    met = run(evaluator);
    ended = Clock::now();
  });
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(delay_ms));
  const auto start = Clock::now();
  evaluator.cancel_generation();
  running.join();
  if (!met) return std::nullopt;
  return ms_between(start, ended);
}

struct Check {
  GenerationRequest request;
  std::string answer;
};

std::string answer_of(VlmEvaluator& evaluator, const GenerationRequest& request) {
  const auto result = evaluator.generate(request);
  return result ? result->answer : result.error().message;
}

Json measure(VlmEvaluator& evaluator, const Phase& phase, int cancels, const std::optional<Check>& check) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> moment(phase.window.from_ms, phase.window.until_ms);
  const bool loading = std::strcmp(phase.name, "load") == 0;
  std::vector<double> ms;
  int attempts = 0, wrong = 0;
  // What a run that was not stopped may have left in a cache must not be met again: it gets a new variant.
  for (unsigned variant = 2; static_cast<int>(ms.size()) < cancels && attempts < kAttemptsForEach * cancels;
       ++attempts) {
    const Run run = phase.prepare(variant);
    if (loading) {
      evaluator.unload_model();
    } else {
      bench::value_or_exit(evaluator.load());
    }
    const auto took = cancel_once(evaluator, run, moment(random));
    if (!took) {
      ++variant;
      continue;
    }
    ms.push_back(*took);
    if (check && answer_of(evaluator, check->request) != check->answer) ++wrong;
  }
  Json json = {{"cancels", ms.size()}, {"attempts", attempts}};
  if (check) json["wrong_answers"] = wrong;
  if (ms.empty()) return json;
  json["p50_ms"] = bench::median(ms);
  json["p99_ms"] = bench::percentile(ms, 0.99);
  json["max_ms"] = bench::percentile(ms, 1.0);
  return json;
}

struct Arguments {
  int cancels = 0;
  std::string model;
  std::string mmproj;
  std::string check_picture;
};

std::optional<Arguments> read_arguments(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  Arguments arguments;
  if (words.size() >= 4 && words[words.size() - 2] == "--check") {
    arguments.check_picture = words.back();
    words.resize(words.size() - 2);
  }
  if (words.size() < 2 || words.size() > 3) return std::nullopt;
  arguments.cancels = std::atoi(words[0].c_str());
  arguments.model = words[1];
  if (words.size() == 3) arguments.mmproj = words[2];
  return arguments;
}

}  // namespace

int main(int argc, char** argv) {
  const auto arguments = read_arguments(argc, argv);
  if (!arguments)
    return std::fputs("usage: bench_cancel CANCELS MODEL [MMPROJ.gguf] [--check PICTURE]\n", stderr), 2;
  cli::limit_openmp_spinning(argv);
  VlmEvaluator evaluator(bench::standard_class(arguments->model, arguments->mmproj), MemoryPool::create());
  std::optional<Check> check;
  if (!arguments->check_picture.empty()) {
    check = Check{
        bench::greedy("What is in this image?", {{std::filesystem::path(arguments->check_picture)}}, 32), {}};
    check->answer = bench::value_or_exit(evaluator.generate(check->request)).answer;
  }
  Json json = Json::object();
  for (const Phase& phase : phases_of(evaluator)) {
    std::fprintf(stderr, "cancel: %s\n", phase.name);
    json[phase.name] = measure(evaluator, phase, arguments->cancels, check);
  }
  std::printf("%s\n", json.dump().c_str());
  return 0;
}
