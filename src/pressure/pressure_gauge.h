// Turns figures and warnings into a pressure (spec section 5). A pure state machine: it is handed the time.
// Not thread-safe.
#pragma once

#include <plimsoll/pressure.h>

#include <chrono>
#include <optional>

namespace plimsoll::pressure {

/// Where the pressure falls again, in percent: critical ends at the first or below it, warning below the
/// second. Five below the lines where they began, so that use around a line does not swing it.
inline constexpr unsigned kCriticalEndsAtPercent = 80;
inline constexpr unsigned kNormalBelowPercent = 65;

class PressureGauge {
 public:
  using TimePoint = MonitorOptions::Clock::time_point;

  MemoryPressure pressure() const { return pressure_; }

  /// A measurement; returns the pressure after it. A capacity of zero is one that nobody knows: it presses on
  /// nobody.
  MemoryPressure on_sample(const MemoryUse& use, TimePoint now);

  /// The operating system's warning: critical at once, whatever is measured within kWarningHold.
  void on_system_warning(TimePoint now);

 private:
  bool held(TimePoint now) const { return last_warning_ && now - *last_warning_ < kWarningHold; }

  MemoryPressure pressure_ = MemoryPressure::normal;
  std::optional<TimePoint> last_warning_;
};

}  // namespace plimsoll::pressure
