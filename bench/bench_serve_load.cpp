// A server under 64 clients: good ones, slow ones, some that vanish in the middle and some that send what
// nobody can answer. Every good one must be answered rightly or told to come again, the server must not grow,
// and whoever asks how it is must hear at once.
//
//   bench_serve_load PLIMSOLL EXAMPLES [--quick | SECONDS]
//
// EXAMPLES: the folder of the bundled model's examples. --quick: 6 s and 24 clients, to see that it holds;
// how fast the server said how it was is then printed and not judged. Exits with 1 where anything did not
// hold.
#include <plimsoll/size.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "bench/load/clients.h"
#include "bench/load/served_program.h"
#include "bench/median.h"

namespace {

using namespace plimsoll;
using namespace plimsoll::bench;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kSampleEvery(100);
constexpr std::chrono::milliseconds kAskHealthEvery(10);
constexpr double kMostHealthMs = 20;
constexpr double kMostGrowthMib = 8;
constexpr double kWarmUpShare = 0.1;

struct Plan {
  std::chrono::seconds time{60};
  unsigned clients = 64;
  bool judges_speed = true;
};

// Of eight clients five are good.
void ask_as(unsigned number, const Load& load) {
  constexpr std::array kinds{ask_well, ask_well,   ask_well,       ask_well,
                             ask_well, ask_slowly, ask_and_vanish, ask_badly};
  kinds[number % kinds.size()](load, number);
}

// How long /health took while an answer was being made.
std::vector<double> watch_health(const Load& load) {
  std::vector<double> ms;
  while (!load.over) {
    const auto began = Clock::now();
    const test::Reply reply = test::ask(load.port, "GET", "/health");
    const std::chrono::duration<double, std::milli> took = Clock::now() - began;
    const auto health = nlohmann::json::parse(reply.body, nullptr, false);
    if (reply.status != 200 || !health.is_object()) {
      load.tally.fault("health: not ok", std::to_string(reply.status) + " " + reply.body);
    } else if (health["queue"]["running"] > 0) {
      ms.push_back(took.count());
    }
    std::this_thread::sleep_for(kAskHealthEvery);
  }
  return ms;
}

std::vector<double> watch_memory(const ServedProgram& program, std::chrono::seconds time) {
  std::vector<double> mib;
  for (const auto end = Clock::now() + time; Clock::now() < end; std::this_thread::sleep_for(kSampleEvery)) {
    mib.push_back(static_cast<double>(program.use().bytes()) / static_cast<double>(kMiB));
  }
  return mib;
}

// The medians of the first and the last third, once it has warmed up.
std::pair<double, double> thirds_of(const std::vector<double>& samples) {
  const auto size = static_cast<double>(samples.size());
  const auto warm = samples.begin() + static_cast<std::ptrdiff_t>(size * kWarmUpShare);
  const auto third = (samples.end() - warm) / 3;
  return {median({warm, warm + third}), median({samples.end() - third, samples.end()})};
}

// What is said without a picture is not written down anywhere: it is what the server says while nobody else
// asks.
bool learn_answers(const ServedProgram& program, std::vector<LoadQuestion>& questions) {
  for (LoadQuestion& question : questions) {
    if (!question.answer.empty()) continue;
    question.answer = answer_in(test::ask(program.port(), "POST", question.path, question.body));
    if (question.answer.empty()) return false;
  }
  return true;
}

// Once those who just left have been noticed.
std::size_t descriptors_at_rest(const ServedProgram& program) {
  std::this_thread::sleep_for(kSampleEvery);
  return program.descriptors();
}

// Connections that were left are noticed and closed.
bool descriptors_come_back(const ServedProgram& program, std::size_t before) {
  const auto deadline = Clock::now() + std::chrono::seconds(10);
  while (program.descriptors() > before && Clock::now() < deadline) std::this_thread::sleep_for(kSampleEvery);
  return program.descriptors() <= before;
}

bool holds(const char* what, bool does) {
  std::printf("%-6s %s\n", does ? "ok" : "FAILED", what);
  return does;
}

int run(const std::string& path, std::vector<LoadQuestion> questions, const Plan& plan) {
  // The cache is full after a few questions, and what grows afterwards is not it.
  ServedProgram program(path, {"--temperature", "0", "--device-memory", "4GiB", "--cache-limit", "4MB"});
  if (!learn_answers(program, questions)) return std::fputs("the server does not answer\n", stderr), 1;
  const std::size_t descriptors = descriptors_at_rest(program);

  Tally tally;
  std::atomic<bool> over = false;
  const Load load{.port = program.port(), .questions = questions, .tally = tally, .over = over};
  std::vector<double> health_ms;
  std::vector<std::thread> threads;
  threads.emplace_back([&] { health_ms = watch_health(load); });
  for (unsigned i = 0; i < plan.clients; ++i) threads.emplace_back([&, i] { ask_as(i, load); });
  const std::vector<double> mib = watch_memory(program, plan.time);
  over = true;
  for (std::thread& thread : threads) thread.join();

  std::printf("%u clients, %ld s\n", plan.clients, static_cast<long>(plan.time.count()));
  for (const auto& [what, count] : tally.counts()) std::printf("  %-26s %7lu\n", what.c_str(), count);
  const auto [first, last] = thirds_of(mib);
  std::printf("  footprint of both processes: first third %.1f MiB, last third %.1f MiB, most %.1f MiB\n",
              first, last, percentile(mib, 1.0));
  const double p99 = health_ms.empty() ? 0 : percentile(health_ms, 0.99);
  if (!health_ms.empty()) {
    std::printf("  /health while answers were written: p50 %.2f ms, p99 %.2f ms, most %.2f ms (%zu asked)\n",
                median(health_ms), p99, percentile(health_ms, 1.0), health_ms.size());
  }
  bool all =
      holds("every good client was answered rightly or told to come again, every malformed one refused",
            tally.faults() == 0);
  all &= holds("good clients were answered", tally.of("good: answered rightly") > 0 && !health_ms.empty());
  all &= holds("the footprint stays", last - first < kMostGrowthMib);
  all &= holds("descriptors come back", descriptors_come_back(program, descriptors));
  if (plan.judges_speed) all &= holds("/health is answered within 20 ms, p99", p99 < kMostHealthMs);
  all &= holds("SIGTERM ends it with 0", program.end() == 0);
  return all ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3)
    return std::fputs("usage: bench_serve_load PLIMSOLL EXAMPLES [--quick | SECONDS]\n", stderr), 2;
  const std::string option = argc > 3 ? argv[3] : "";
  Plan plan;
  if (option == "--quick") plan = {.time = std::chrono::seconds(6), .clients = 24, .judges_speed = false};
  if (const int seconds = std::atoi(option.c_str()); seconds > 0) plan.time = std::chrono::seconds(seconds);
  auto questions = questions_of(argv[2]);
  if (questions.empty()) return std::fprintf(stderr, "%s: no examples.jsonl\n", argv[2]), 1;
  return run(argv[1], std::move(questions), plan);
}
