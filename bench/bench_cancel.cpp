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
#include <nlohmann/json.hpp>
#include <optional>
#include <random>
#include <thread>

#include "bench/cancel/phases.h"
#include "bench/median.h"
#include "bench/standard_class.h"
#include "cli/openmp_wait.h"

namespace {

using namespace plimsoll;
using Clock = std::chrono::steady_clock;
using Json = nlohmann::ordered_json;
using bench::Outcome;
using bench::Phase;
using bench::Run;
using bench::Window;

constexpr int kAttemptsForEach = 5;

struct Cancelled {
  Outcome outcome;
  double ms = 0;  // from the cancel to the end of the run
};

Cancelled cancel_after(VlmEvaluator& evaluator, const Run& run, double delay_ms) {
  Cancelled cancelled;
  Clock::time_point ended;
  std::thread running([&] {
    cancelled.outcome = run();
    ended = Clock::now();
  });
  std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(delay_ms));
  const auto start = Clock::now();
  evaluator.cancel_generation();
  running.join();
  cancelled.ms = std::chrono::duration<double, std::milli>(ended - start).count();
  return cancelled;
}

struct Check {
  GenerationRequest request;
  std::string answer;
};

std::string answer_of(VlmEvaluator& evaluator, const GenerationRequest& request) {
  const auto result = evaluator.generate(request);
  return result ? result->answer : result.error().message;
}

struct Result {
  std::vector<double> ms;
  int attempts = 0;
  int wrong_answers = 0;
};

Result measure(VlmEvaluator& evaluator, const Phase& phase, std::size_t cancels,
               const std::optional<Check>& check) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> share(0, 1);
  phase.prepare(evaluator, 0)();  // whatever is slower the first time
  Window window = phase.prepare(evaluator, 1)().window;
  Result result;
  const int most_attempts = kAttemptsForEach * static_cast<int>(cancels);
  for (unsigned variant = 2; result.ms.size() < cancels && result.attempts < most_attempts;) {
    ++result.attempts;
    const Run run = phase.prepare(evaluator, variant);
    const double delay_ms = window.from_ms + share(random) * (window.until_ms - window.from_ms);
    const Cancelled cancelled = cancel_after(evaluator, run, delay_ms);
    if (cancelled.outcome.met) {
      result.ms.push_back(cancelled.ms);
      if (check && answer_of(evaluator, check->request) != check->answer) ++result.wrong_answers;
    } else if (!cancelled.outcome.window.empty()) {
      window = cancelled.outcome.window;  // the machine is faster or slower by now
      ++variant;                          // what the run may have left in a cache must not be met again
    }
  }
  return result;
}

Json json_of(const Result& result, bool checked) {
  Json json = {{"cancels", result.ms.size()}, {"attempts", result.attempts}};
  if (checked) json["wrong_answers"] = result.wrong_answers;
  if (result.ms.empty()) return json;
  json["p50_ms"] = bench::median(result.ms);
  json["p99_ms"] = bench::percentile(result.ms, 0.99);
  json["max_ms"] = bench::percentile(result.ms, 1.0);
  return json;
}

struct Arguments {
  std::size_t cancels = 0;
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
  arguments.cancels = std::strtoul(words[0].c_str(), nullptr, 10);
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
  for (const Phase& phase : bench::phases()) {
    std::fprintf(stderr, "cancel: %s\n", phase.name);
    json[phase.name] = json_of(measure(evaluator, phase, arguments->cancels, check), check.has_value());
  }
  std::printf("%s\n", json.dump().c_str());
  return 0;
}
