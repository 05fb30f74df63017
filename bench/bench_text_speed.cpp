// Speed of the language model as a question meets it, through the library: tokens a second of a prompt of
// about 256 tokens, and of an answer of 64. Prints one JSON object.
//
//   bench_text_speed TEXT.gguf
#include <cstdio>
#include <nlohmann/json.hpp>

#include "bench/long_prompt.h"
#include "bench/standard_class.h"
#include "cli/openmp_wait.h"

namespace {

using namespace plimsoll;
using bench::greedy;
using bench::value_or_exit;

constexpr int kPromptTokens = 256;
constexpr int kAnswerTokens = 64;

int tokens_of(VlmEvaluator& evaluator, int words, unsigned variant) {
  return value_or_exit(evaluator.generate(greedy(bench::long_prompt(words, variant), {}, 1))).prompt_tokens;
}

// Two lengths tell how many words make the prompt that is wanted; they warm the model up, too.
int words_for(VlmEvaluator& evaluator, int tokens) {
  constexpr int kFew = 40, kMany = 80;
  const int few = tokens_of(evaluator, kFew, 1), many = tokens_of(evaluator, kMany, 2);
  if (many <= few) return kMany;
  return kFew + (tokens - few) * (kMany - kFew) / (many - few);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) return std::fputs("usage: bench_text_speed TEXT.gguf\n", stderr), 2;
  cli::limit_openmp_spinning(argv);
  VlmEvaluator evaluator(bench::standard_class(argv[1], ""), MemoryPool::create());
  const int words = words_for(evaluator, kPromptTokens);
  const auto prefill = value_or_exit(evaluator.generate(greedy(bench::long_prompt(words, 3), {}, 1)));
  // The first token comes from the prompt: one more makes as many decodes as llama-bench -n does.
  const auto decode =
      value_or_exit(evaluator.generate(greedy(bench::long_prompt(2, 4), {}, kAnswerTokens + 1)));

  const nlohmann::ordered_json json = {
      {"prompt_tokens", prefill.prompt_tokens},
      {"prefill_tokens_per_second", prefill.prompt_tokens * 1000.0 / prefill.timing.prefill_ms},
      {"answer_tokens", decode.timing.tokens},
      {"decode_tokens_per_second", decode.timing.tokens_per_second}};
  std::printf("%s\n", json.dump().c_str());
  return 0;
}
