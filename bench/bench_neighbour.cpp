// A neighbour takes memory away while answers are being written, in one memory cgroup without swap, as the
// program runs in it: the monitor listens to the kernel, the ladder gives back. In each round a question
// about the picture is asked, and once its answer has begun the neighbour grows by a step, 200 MiB a second;
// in the last round it gives everything back. The table says what was heard, what was given back, how each
// answer ended, and what the model's latest plan had given up.
//
//   bench_neighbour MODEL PICTURE [LIMIT_MIB [STEP_MIB [STEPS]]]
#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>

#include "plimsoll/evaluator.h"
#include "plimsoll/reclaim.h"
#include "plimsoll/size.h"
#include "tests/device_lab/forked.h"
#include "tests/device_lab/held_memory.h"
#include "tests/device_lab/memory_cgroup.h"

namespace {

using namespace plimsoll;
using test::Forked;
using test::Line;
using test::MemoryCgroup;

constexpr int kTokens = 64;
constexpr std::size_t kRungs = static_cast<std::size_t>(ReclaimRung::model) + 1;

struct Options {
  std::string model;
  std::filesystem::path picture;
  std::size_t limit_bytes = 700 * kMiB;
  std::size_t step_bytes = 50 * kMiB;
  int steps = 6;
};

// What the program says to its parent: first that an answer has begun, then how it went.
struct Report {
  bool begun_only = false;
  std::array<char, 100> ended{};
  double tokens_per_second = 0;
  int tokens = 0;
  MemoryPressure pressure = MemoryPressure::normal;  // the highest
  int warnings = 0;                                  // of the operating system
  std::array<std::size_t, kRungs> returned_bytes{};
  std::size_t footprint_bytes = 0;
  std::array<bool, kConcessionCount> given_up{};  // by the latest plan
};

// Remembers what the monitor tells until it is asked.
class Ear : public PressureListener {
 public:
  void on_change(MemoryPressure, MemoryPressure to) override { highest_ = std::max(highest_.load(), to); }
  void on_emergency() override { ++warnings_; }

  void tell(Report& report, MemoryPressure now) {
    report.pressure = highest_.exchange(now);
    report.warnings = warnings_.exchange(0);
  }

 private:
  std::atomic<MemoryPressure> highest_ = MemoryPressure::normal;
  std::atomic<int> warnings_ = 0;
};

// A program as a user starts it in the cgroup.
class Program {
 public:
  explicit Program(const Options& options)
      : evaluator_({.model = model(options.model),
                    .configuration = configuration_for(Strategy::tiered, options.limit_bytes),
                    .device_memory_bytes = options.limit_bytes,
                    .monitor = monitor_},
                   MemoryPool::create()),
        subscription_(monitor_->subscribe(ear_)) {
    request_.turns = {{.prompt = "Describe this image.", .images = {{options.picture}}}};
    request_.max_tokens = kTokens;
    request_.temperature = 0.0F;
  }

  Report answer(Line& line) {
    bool begun = false;
    const auto result = evaluator_.generate(request_, [&](std::string_view) {
      if (!std::exchange(begun, true)) line.send(Report{.begun_only = true});
    });
    Report report;
    if (result) {
      report.tokens = result->timing.tokens;
      report.tokens_per_second = result->timing.tokens_per_second;
    }
    const std::string ended(result ? to_string(result->finish_reason) : to_string(result.error().code));
    ended.copy(report.ended.data(), report.ended.size() - 1);
    ear_.tell(report, monitor_->pressure());
    for (const ReclaimRecord& step : evaluator_.ladder().records_since(seen_)) {
      seen_ = step.sequence;
      report.returned_bytes[static_cast<std::size_t>(step.rung)] += step.returned_bytes;
    }
    report.footprint_bytes = read_process_footprint()->resident_bytes;
    if (const auto plan = evaluator_.plan()) {
      for (const Concession each : plan->concessions) report.given_up[static_cast<std::size_t>(each)] = true;
    }
    return report;
  }

 private:
  static ModelFiles model(const std::string& name) {
    auto found = find_model(name);
    if (!found) std::fprintf(stderr, "%s\n", found.error().message.c_str()), std::_Exit(1);
    return *found;
  }

  std::shared_ptr<MemoryMonitor> monitor_ = std::make_shared<MemoryMonitor>();
  VlmEvaluator evaluator_;
  Ear ear_;
  PressureSubscription subscription_;
  GenerationRequest request_;
  std::uint64_t seen_ = 0;
};

void live_as_program(const MemoryCgroup& group, const Options& options, Line& line) {
  if (!group.enter()) std::_Exit(1);
  Program program(options);
  while (line.receive<bool>()) line.send(program.answer(line));
}

void live_as_neighbour(const MemoryCgroup& group, const Options& options, Line& line) {
  if (!group.enter()) std::_Exit(1);
  test::HeldMemory memory(options.limit_bytes);
  constexpr std::size_t kPiece = 2 * kMiB;
  constexpr useconds_t kPauseUs = 10000;
  std::size_t held = 0;
  while (const auto bytes = line.receive<std::size_t>()) {
    for (; held < *bytes; usleep(kPauseUs)) memory.hold(held = std::min(held + kPiece, *bytes));
    memory.hold(held = *bytes);
    line.send(true);
  }
}

void append(std::string& list, const std::string& word) { list += (list.empty() ? "" : ", ") + word; }

std::string given_back(const Report& report) {
  std::string text;
  for (std::size_t i = 0; i < kRungs; ++i) {
    if (report.returned_bytes[i] < kMiB) continue;
    append(text,
           std::string(to_string(static_cast<ReclaimRung>(i))) + " " + format_size(report.returned_bytes[i]));
  }
  return text.empty() ? "-" : text;
}

std::string given_up(const Report& report) {
  std::string text;
  for (std::size_t i = 0; i < kConcessionCount; ++i) {
    if (report.given_up[i]) append(text, std::string(to_string(static_cast<Concession>(i))));
  }
  return text.empty() ? "-" : text;
}

void print(const Options& options, std::size_t taken, const Report& report) {
  const auto mib = [](std::size_t bytes) { return static_cast<double>(bytes) / kMiB; };
  std::printf("%9.0f %6.0f  %-8s %8d %9.1f %6d  %-13s %9.1f  %-44s  %s\n", mib(taken),
              mib(options.limit_bytes - taken), std::string(to_string(report.pressure)).c_str(),
              report.warnings, report.tokens_per_second, report.tokens, report.ended.data(),
              mib(report.footprint_bytes), given_back(report).c_str(), given_up(report).c_str());
  std::fflush(stdout);
}

// One answer, and what the neighbour holds once it has begun. Empty when one of the two was killed.
std::optional<Report> play(Forked& program, Forked& neighbour, std::size_t taken) {
  program.line().send(true);
  auto report = program.line().receive<Report>();
  if (!report) return report;
  neighbour.line().send(taken);
  if (!neighbour.line().receive<bool>()) return std::nullopt;
  return report->begun_only ? program.line().receive<Report>() : report;
}

int run(const Options& options) {
  const auto group = MemoryCgroup::make(options.limit_bytes);
  if (!group) return std::fputs("no right to make a memory cgroup here (root on Linux has it)\n", stderr), 1;
  Forked program([&](Line& line) { live_as_program(*group, options, line); });
  Forked neighbour([&](Line& line) { live_as_neighbour(*group, options, line); });

  std::printf("%9s %6s  %-8s %8s %9s %6s  %-13s %9s  %-44s  %s\n", "neighbour", "left", "pressure",
              "warnings", "tokens/s", "tokens", "ended", "footprint", "given back", "the plan gave up");
  bool alive = true;
  for (int step = 0; alive && step <= options.steps; ++step) {
    const std::size_t taken = step < options.steps ? static_cast<std::size_t>(step) * options.step_bytes : 0;
    const auto report = play(program, neighbour, taken);
    alive = report.has_value();
    if (alive) {
      print(options, taken, *report);
    } else {
      std::printf("%9.0f MiB taken: one of the two was killed\n", static_cast<double>(taken) / kMiB);
    }
  }
  std::printf("killed by the kernel: %llu; the limit was met %llu times\n",
              static_cast<unsigned long long>(group->kills()),
              static_cast<unsigned long long>(group->limit_hits()));
  return alive && group->kills() == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: bench_neighbour MODEL PICTURE [LIMIT_MIB [STEP_MIB [STEPS]]]\n", stderr);
    return 2;
  }
  Options options{.model = argv[1], .picture = argv[2]};
  if (argc > 3) options.limit_bytes = std::strtoull(argv[3], nullptr, 10) * kMiB;
  if (argc > 4) options.step_bytes = std::strtoull(argv[4], nullptr, 10) * kMiB;
  if (argc > 5) options.steps = std::atoi(argv[5]);
  return run(options);
}
