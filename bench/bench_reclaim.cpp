// From the operating system's warning to memory that is given back: caches and an idle vision encoder first,
// the whole model then. Also how long report_system_warning() keeps its caller.
//
//   bench_reclaim PICTURE [ROUNDS] [MODEL]
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "bench/median.h"
#include "plimsoll/evaluator.h"

namespace {

using namespace plimsoll;
using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

void print_row(const char* name, const std::vector<double>& ms) {
  std::printf("%-52s p50 %9.4f   p99 %9.4f   max %9.4f ms   (%zu warnings)\n", name, bench::median(ms),
              bench::percentile(ms, 0.99), bench::percentile(ms, 1.0), ms.size());
}

// How often the calling thread gave up its core to wait for something. Being put aside for another thread,
// as for the one that it has just woken, does not count.
long waits() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nvcsw;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: bench_reclaim PICTURE [ROUNDS] [MODEL]\n", stderr), 2;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 100;
  auto model = find_model(argc > 3 ? argv[3] : std::string(kDefaultModel));
  if (!model) return std::fprintf(stderr, "%s\n", model.error().message.c_str()), 1;
  MonitorOptions quiet;  // only the warnings made here
  quiet.sources = PressureSources{};
  quiet.sample = [] { return Expected<MemoryUse>(MemoryUse{1, 100, "nothing"}); };
  auto monitor = std::make_shared<MemoryMonitor>(std::move(quiet));
  auto pool = MemoryPool::create();
  VlmEvaluator evaluator({.model = *model,
                          .configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard),
                          .device_memory_bytes = 4 * kGiB,
                          .monitor = monitor},
                         pool);
  GenerationRequest request{
      .turns = {{.prompt = "Describe this image.", .images = {{std::filesystem::path(argv[1])}}}}};
  request.temperature = 0.0F;
  request.max_tokens = 8;

  std::vector<double> call, encoder, everything;
  int calls_that_waited = 0;
  for (int i = 0; i < rounds; ++i) {
    if (auto answer = evaluator.generate(request); !answer)
      return std::fprintf(stderr, "%s\n", answer.error().message.c_str()), 1;
    const long waits_before = waits();
    const auto start = Clock::now();
    monitor->report_system_warning();
    call.push_back(ms_since(start));
    if (waits() > waits_before) ++calls_that_waited;
    const auto until = [&](auto done) {
      while (!done(pool->ledger())) std::this_thread::yield();
      return ms_since(start);
    };
    encoder.push_back(
        until([](const MemoryLedger& l) { return l.cache_bytes + l.of(MemoryHolder::weights_vision) == 0; }));
    everything.push_back(until([](const MemoryLedger& l) { return l.active_bytes + l.cache_bytes == 0; }));
  }
  print_row("report_system_warning() returns", call);
  std::printf("  calls that waited for anything: %d\n", calls_that_waited);
  print_row("caches and the idle vision encoder are given back", encoder);
  print_row("the model is given back", everything);
  return 0;
}
