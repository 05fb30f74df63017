// From options to a device, its configuration, and an evaluator on them. The functions are thread-safe.
#pragma once

#include <functional>
#include <memory>

#include "plimsoll/evaluator.h"
#include "session/options.h"

namespace plimsoll::session {

/// The device that classes are made for: the machine at hand, or the one that the choice describes.
struct DeviceSetup {
  DeviceMemory machine;
  std::uint64_t memory_bytes = 0;  // what classes, limits and pressure are measured against
  bool assumed = false;            // memory_bytes was given, not read
  MemoryConfiguration configuration;
};

/// Fails with `io` where the machine's memory can not be read.
Expected<DeviceSetup> set_up_device(const DeviceChoice& choice);

/// The class's configuration with what the options say instead.
MemoryConfiguration configuration_of(const SessionOptions& options, Strategy strategy,
                                     std::uint64_t device_memory_bytes);

/// The cache limit in force; "the engine's default" resolved.
std::uint64_t cache_limit_of(const DeviceSetup& device);

struct Session {
  DeviceSetup device;
  ModelFiles model;
  std::shared_ptr<MemoryPool> pool;
  std::shared_ptr<MemoryMonitor> monitor;
  std::unique_ptr<VlmEvaluator> evaluator;
};

/// Plans may use less than measure_budget() found. Both are called on the engine's thread and others.
struct BudgetCaution {
  std::function<void(MemoryBudget&)> adjust{};  // makes it smaller before a plan is made; empty: nobody does
  std::function<bool()> ease{};                 // no plan fits that; true: adjust() takes less from now on
};

/// Loads nothing; starts the evaluator's threads and the monitor's. Fails as set_up_device() and
/// find_model().
Expected<Session> open_session(const SessionOptions& options, BudgetCaution caution = {});

/// Lines on stderr; `verbose`: what the engine does, too.
void set_up_log(bool verbose);

}  // namespace plimsoll::session
