// The plan of each model on each class of device against what a question about a picture then takes: the
// process's peak, the active memory's, and every holder's. Each in a process of its own, with the longest
// answer that the class allows: keys and values take memory as they are written.
//
//   bench_plan PICTURE FOLDER...
#include <plimsoll/evaluator.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "memory/heap.h"

namespace {

using namespace plimsoll;

constexpr std::size_t kClasses[] = {2 * kGiB, 3 * kGiB, 4 * kGiB, 8 * kGiB};
// As long as the plan takes questions to be, so that both round up to the same context.
constexpr const char* kQuestion =
    "Describe this image: what is in front, what is behind, which colours are there, who may live here, and "
    "what "
    "time of the day and of the year is it?";

double mib(std::size_t bytes) { return static_cast<double>(bytes) / kMiB; }

// What pictures take while they are decoded and cut depends on the picture; the plan knows none.
bool is_estimate(MemoryHolder holder) {
  return holder == MemoryHolder::media || holder == MemoryHolder::cache_images ||
         holder == MemoryHolder::cache_buffers || holder == MemoryHolder::cache_prefixes;
}

std::string differences(const MemoryPlan& plan, const MemoryLedger& ledger) {
  std::string text;
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    const auto holder = static_cast<MemoryHolder>(i);
    const auto difference =
        static_cast<long long>(ledger.holder_peak_bytes[i]) - static_cast<long long>(plan.holder_bytes[i]);
    if (difference == 0 || is_estimate(holder)) continue;
    text += std::string(text.empty() ? "" : ", ") + std::string(to_string(holder)) + " " +
            std::to_string(difference);
  }
  return text.empty() ? "exact" : text;
}

std::string given_up(const MemoryPlan& plan) {
  std::string text;
  for (const Concession what : plan.concessions)
    text += (text.empty() ? "" : ", ") + std::string(to_string(what));
  return text.empty() ? "nothing" : text;
}

// Returns the exit code.
int compare(const std::string& picture, const std::string& folder, std::size_t device_bytes) {
  const auto model = find_model(folder);
  if (!model) return std::fprintf(stderr, "%s\n", model.error().message.c_str()), 1;
  auto pool = MemoryPool::create();
  VlmEvaluator evaluator({.model = *model,
                          .configuration = configuration_for(Strategy::tiered, device_bytes),
                          .device_memory_bytes = device_bytes},
                         pool);
  const GenerationRequest request{
      .turns = {{.prompt = kQuestion, .images = {{std::filesystem::path(picture)}}}}, .temperature = 0.0F};
  const auto result = evaluator.generate(request);
  if (!result) return std::fprintf(stderr, "%s\n", result.error().message.c_str()), 1;
  if (result->finish_reason != FinishReason::length) {
    return std::fprintf(stderr, "the answer ended before it was as long as planned\n"), 1;
  }

  const MemoryPlan plan = *evaluator.plan();
  const MemoryReport measured = memory_report(*pool);
  const double planned_mib = mib(plan.footprint_bytes), peak_mib = mib(measured.footprint_peak_bytes);
  std::printf("%-20s %-8s | %7.1f %7.1f %+5.1f%% | %7.1f %7.1f | %-12s | %s\n", model->name.c_str(),
              format_size(device_bytes).c_str(), planned_mib, peak_mib, (planned_mib / peak_mib - 1) * 100,
              mib(plan.peak_bytes), mib(measured.ledger.peak_bytes),
              differences(plan, measured.ledger).c_str(), given_up(plan).c_str());
  return 0;
}

// Its peak is a process's own: the kernel does not forget it.
bool compare_in_child(const std::string& picture, const std::string& folder, std::size_t device_bytes) {
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child == 0) {
    const int code = compare(picture, folder, device_bytes);
    std::fflush(nullptr);
    std::_Exit(code);
  }
  int status = 0;
  return waitpid(child, &status, 0) == child && status == 0;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fputs("usage: bench_plan PICTURE FOLDER...\n", stderr);
    return 2;
  }
  memory::keep_heap_small();  // as the program does
  std::printf(
      "MiB, planned and measured: process | active memory | peaks of holders, measured - planned in bytes | "
      "given up\n");
  bool well = true;
  for (int i = 2; i < argc; ++i) {
    for (const std::size_t memory : kClasses) well = compare_in_child(argv[1], argv[i], memory) && well;
  }
  return well ? 0 : 1;
}
