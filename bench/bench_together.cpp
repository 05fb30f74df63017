// Answers that are written together against one after the other: words a second of all of them, 1, 2 and 4 at
// once, in one process. The same questions without pictures, greedily, alternately; prints medians and their
// ratios to one at a time.
//
//   bench_together TEXT.gguf [TOKENS] [ROUNDS]
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <thread>

#include "bench/median.h"
#include "bench/standard_class.h"
#include "cli/openmp_wait.h"

namespace {

using namespace plimsoll;

constexpr int kAtOnce[] = {1, 2, 4};
constexpr int kQuestions = 4;

std::unique_ptr<VlmEvaluator> evaluator_for(const std::string& model, int at_once, int tokens) {
  EvaluatorOptions options = bench::standard_class(model, "");
  options.configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::high);
  options.configuration.answers_at_once = at_once;
  options.configuration.max_tokens = tokens;
  options.device_memory_bytes = 16 * kGiB;
  auto evaluator = std::make_unique<VlmEvaluator>(std::move(options), MemoryPool::create());
  const auto handle = bench::value_or_exit(evaluator->load());
  if (evaluator->plan()->settings.answers_at_once != at_once) {
    std::fprintf(stderr, "there is no room for %d answers at once here\n", at_once);
    std::exit(1);
  }
  return evaluator;
}

// Tokens a second of all answers, from the first question to the end of the last answer.
double rate(VlmEvaluator& evaluator, int at_once, int tokens) {
  std::atomic<int> next = 0, written = 0;
  const auto began = std::chrono::steady_clock::now();
  std::vector<std::thread> clients;
  for (int i = 0; i < at_once; ++i) {
    clients.emplace_back([&] {
      for (int mine = next++; mine < kQuestions; mine = next++) {
        const std::string question = "Tell me about number " + std::to_string(mine) + ".";
        written +=
            bench::value_or_exit(evaluator.generate(bench::greedy(question, {}, tokens))).timing.tokens;
      }
    });
  }
  for (std::thread& client : clients) client.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  return written / took.count();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: bench_together TEXT.gguf [TOKENS] [ROUNDS]\n", stderr), 2;
  cli::limit_openmp_spinning(argv);
  const int tokens = argc > 2 ? std::atoi(argv[2]) : 64;
  const int rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  std::map<int, std::unique_ptr<VlmEvaluator>> evaluators;
  for (const int at_once : kAtOnce) evaluators[at_once] = evaluator_for(argv[1], at_once, tokens);
  std::map<int, std::vector<double>> rates, ratios;
  for (int round = 0; round < rounds; ++round) {
    for (const int at_once : kAtOnce) {
      rates[at_once].push_back(rate(*evaluators[at_once], at_once, tokens));
      ratios[at_once].push_back(rates[at_once].back() / rates[1].back());
    }
  }
  std::printf("%d answers of %d tokens, all of them a second, medians of %d\n", kQuestions, tokens, rounds);
  for (const int at_once : kAtOnce) {
    std::printf("%d at once: %6.1f tokens/s, %.2f times one at a time\n", at_once,
                bench::median(rates[at_once]), bench::median(ratios[at_once]));
  }
  return 0;
}
