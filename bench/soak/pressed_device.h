// A device that is as full as it is told to be.
#pragma once

#include <atomic>
#include <chrono>
#include <memory>

#include "plimsoll/pressure.h"
#include "plimsoll/size.h"

namespace plimsoll::bench {

class PressedDevice {
 public:
  static constexpr std::uint64_t kCapacity = 4 * kGiB;
  static constexpr unsigned kCalm = 10, kWarning = 75, kCritical = 90;  // percent

  PressedDevice() {
    MonitorOptions options;
    options.sample = [percent = percent_]() -> Expected<MemoryUse> {
      return MemoryUse{kCapacity / 100 * percent->load(), kCapacity, "the soak"};
    };
    options.sources = PressureSources{};
    options.interval = std::chrono::milliseconds(20);
    monitor_ = std::make_shared<MemoryMonitor>(std::move(options));
  }

  void fill(unsigned percent) { *percent_ = percent; }
  const std::shared_ptr<MemoryMonitor>& monitor() const { return monitor_; }

 private:
  std::shared_ptr<std::atomic<unsigned>> percent_ = std::make_shared<std::atomic<unsigned>>(kCalm);
  std::shared_ptr<MemoryMonitor> monitor_;
};

}  // namespace plimsoll::bench
