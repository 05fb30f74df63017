// How long the calls that must never block keep their caller: distribution over idle and generating
// evaluators. Also how long a generation goes on after it was cancelled, by what it was doing.
//
//   bench_call_latency PICTURE [ROUNDS] [MODEL]
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <random>
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

void print_row(const std::string& name, const std::vector<double>& ms) {
  std::printf("%-44s p50 %8.4f   p99 %8.4f   max %8.4f ms   (%zu calls)\n", name.c_str(), bench::median(ms),
              bench::percentile(ms, 0.99), bench::percentile(ms, 1.0), ms.size());
}

struct Call {
  const char* name;
  void (VlmEvaluator::*function)() noexcept;
};

struct Latencies {
  std::vector<double> call;
  std::vector<double> end;  // from the call until generate() returned
};

// Makes the call some time after a generation began. One that was over by then does not count.
void call_while_generating(VlmEvaluator& evaluator, const GenerationRequest& request, const Call& call,
                           std::chrono::microseconds delay, Latencies& latencies) {
  Clock::time_point ended;
  std::thread generation([&] {
    (void)evaluator.generate(request);
    ended = Clock::now();
  });
  std::this_thread::sleep_for(delay);
  const auto start = Clock::now();
  (evaluator.*call.function)();
  const double took_ms = ms_since(start);
  generation.join();
  if (ended <= start) return;
  latencies.call.push_back(took_ms);
  latencies.end.push_back(std::chrono::duration<double, std::milli>(ended - start).count());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) return std::fputs("usage: bench_call_latency PICTURE [ROUNDS] [MODEL]\n", stderr), 2;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 200;
  auto model = find_model(argc > 3 ? argv[3] : std::string(kDefaultModel));
  if (!model) return std::fprintf(stderr, "%s\n", model.error().message.c_str()), 1;
  auto pool = MemoryPool::create();
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
  configuration.cache_limit_bytes = 0;  // a question that is known already would be over before any call
  VlmEvaluator evaluator({.model = *model, .configuration = configuration, .device_memory_bytes = 4 * kGiB},
                         pool);
  GenerationRequest request{
      .turns = {{.prompt = "Describe this image.", .images = {{std::filesystem::path(argv[1])}}}}};
  request.temperature = 0.0F;
  request.max_tokens = 32;
  if (auto warm = evaluator.generate(request); !warm)
    return std::fprintf(stderr, "%s\n", warm.error().message.c_str()), 1;
  const auto start = Clock::now();
  (void)evaluator.generate(request);
  const double whole_ms = ms_since(start);

  std::mt19937 random(1);
  std::uniform_real_distribution<double> moment(0, whole_ms);
  const Call calls[] = {{"unload_model()", &VlmEvaluator::unload_model},
                        {"cancel_generation()", &VlmEvaluator::cancel_generation},
                        {"emergency_memory_reset()", &VlmEvaluator::emergency_memory_reset}};
  for (const Call& call : calls) {
    Latencies idle, generating;
    for (int tries = 0; generating.call.size() < static_cast<std::size_t>(rounds) && tries < 10 * rounds;
         ++tries) {
      const auto idle_start = Clock::now();
      (evaluator.*call.function)();
      idle.call.push_back(ms_since(idle_start));
      const auto delay = std::chrono::microseconds(static_cast<long>(moment(random) * 1000));
      call_while_generating(evaluator, request, call, delay, generating);
    }
    print_row(std::string(call.name) + ", nothing running", idle.call);
    print_row(std::string(call.name) + ", while generating", generating.call);
    if (call.function != &VlmEvaluator::unload_model)
      print_row("  until the generation had ended", generating.end);
  }
  return 0;
}
