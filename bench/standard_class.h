// An evaluator as a 4 GiB device of the standard class has it, for the benchmarks that
// measure inside one process.
#pragma once

#include <plimsoll/evaluator.h>

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "bench/threads.h"

namespace plimsoll::bench {

/// Ends this program when there is no such model. `mmproj` as in find_model().
inline EvaluatorOptions standard_class(const std::string& model, const std::string& mmproj) {
  auto files = find_model(model, mmproj);
  if (!files) {
    std::fprintf(stderr, "%s\n", files.error().message.c_str());
    std::exit(1);
  }
  return {.model = *files,
          .configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard),
          .device_memory_bytes = 4 * kGiB,
          .threads = kThreads};
}

/// The value, or the end of this program with the error's message.
template <typename T>
T value_or_exit(Expected<T> result) {
  if (result) return std::move(*result);
  std::fprintf(stderr, "%s\n", result.error().message.c_str());
  std::exit(1);
}

/// One question, greedy.
inline GenerationRequest greedy(const std::string& prompt, std::vector<ImageSource> images, int max_tokens) {
  GenerationRequest request{.turns = {{.prompt = prompt, .images = std::move(images)}}};
  request.temperature = 0.0F;
  request.max_tokens = max_tokens;
  return request;
}

}  // namespace plimsoll::bench
