// What can be said on the command line, as it was said; session.h makes sense of it.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/device.h"
#include "plimsoll/plan.h"

namespace plimsoll::cli {

struct DeviceOptions {
  Strategy strategy = Strategy::tiered;
  std::optional<std::uint64_t> device_memory_bytes;
  bool json = false;

  void add_to(CLI::App& command);
};

struct PlanOptions {
  DeviceOptions device;
  std::string model;
  std::string mmproj;
  VisionKernels vision_kernels = VisionKernels::best;

  void add_to(CLI::App& command);
};

struct WatchOptions {
  std::optional<int> pid;
  bool json = false;

  void add_to(CLI::App& command);
};

struct PullOptions {
  std::string what;  // a name of the catalogue, or hf:OWNER/REPO[:FILE]
  std::string name;  // what to call it here; empty: the catalogue's, or the file's
  int stall_seconds = 30;
  int tries = 5;
  bool json = false;

  void add_to(CLI::App& command);
};

struct ModelsOptions {
  bool json = false;

  void add_to(CLI::App& command);
};

struct ModelOptions : PlanOptions {
  std::vector<std::string> images;
  std::optional<std::string> video;
  std::optional<std::string> system_prompt;
  std::optional<std::uint64_t> memory_limit_bytes;
  std::optional<std::uint64_t> cache_limit_bytes;
  std::optional<int> max_tokens;
  std::optional<int> image_size;
  std::optional<float> temperature;
  std::optional<float> top_p;
  std::optional<std::uint32_t> seed;
  int threads = 0;
  bool verbose = false;

  void add_to(CLI::App& command);
};

}  // namespace plimsoll::cli
