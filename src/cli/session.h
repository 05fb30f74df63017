// From options to a device, its configuration, and an evaluator on them.
#pragma once

#include <memory>

#include "cli/options.h"
#include "plimsoll/evaluator.h"

namespace plimsoll::cli {

/// The device that classes are made for: the machine at hand, or the one that --device-memory describes.
struct DeviceSetup {
  DeviceMemory machine;
  std::uint64_t memory_bytes = 0;  // what classes, limits and pressure are measured against
  bool assumed = false;            // memory_bytes was given, not read
  MemoryConfiguration configuration;
};
Expected<DeviceSetup> set_up_device(const DeviceOptions& options);

/// The cache limit in force; "the engine's default" resolved.
std::uint64_t cache_limit_of(const DeviceSetup& device);

struct Session {
  DeviceSetup device;
  std::shared_ptr<MemoryPool> pool;
  std::shared_ptr<MemoryMonitor> monitor;
  std::unique_ptr<VlmEvaluator> evaluator;
};
Expected<Session> open_session(const ModelOptions& options);

/// A turn with the pictures or the video that the options name, and no question yet.
Turn first_turn(const ModelOptions& options);

/// The request for a conversation's turns, with what the options say about sampling.
GenerationRequest make_request(const ModelOptions& options, std::vector<Turn> turns);

}  // namespace plimsoll::cli
