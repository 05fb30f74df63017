// What an evaluator is made from, as it was asked for: by options, by the environment, or by a process that
// starts another. Plain values; what is empty is decided by the device's class.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/device.h"
#include "plimsoll/plan.h"

namespace plimsoll::session {

struct DeviceChoice {
  Strategy strategy = Strategy::tiered;
  std::optional<std::uint64_t> device_memory_bytes{};  // empty: the machine at hand
};

struct SessionOptions {
  DeviceChoice device{};
  std::string model{};   // as find_model() takes it
  std::string mmproj{};  // empty: the one beside the model
  VisionKernels vision_kernels = VisionKernels::best;
  std::optional<std::uint64_t> memory_limit_bytes{};
  std::optional<std::uint64_t> cache_limit_bytes{};
  std::optional<KvType> kv_type{};  // engaged: no plan decides how memory is used
  std::optional<int> max_tokens{};
  std::optional<int> image_size{};
  std::optional<float> temperature{};
  std::optional<float> top_p{};
  std::optional<int> answers_at_once{};
  int threads = 0;  // of the engine; 0: one for each processor
  bool verbose = false;
};

}  // namespace plimsoll::session
