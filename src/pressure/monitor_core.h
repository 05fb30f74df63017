// What the monitor does, without its thread: it is handed the time and what poll(2) found.
#pragma once

#include <plimsoll/pressure.h>
#include <poll.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "pressure/listener_list.h"
#include "pressure/pressure_gauge.h"

namespace plimsoll::pressure {

/// A source may ask for checks thousands of times a second, while a cgroup full of page cache reads on: it
/// gets one in this time, and is not heard again before it has come.
inline constexpr std::chrono::milliseconds kShortestInterval{500};

class MonitorCore {
 public:
  using TimePoint = PressureGauge::TimePoint;

  /// The first check is due at `start`. REQUIRES: sample and sources are set.
  MonitorCore(MonitorOptions options, TimePoint start);

  // Any thread.
  MemoryPressure pressure() const { return pressure_; }
  std::optional<MemoryUse> last_use() const;
  /// Critical at once; the next tick() tells the listeners.
  void report_system_warning(TimePoint now);
  PressureSubscription subscribe(PressureListener& listener) { return listeners_->add(listener); }

  // One thread, the monitor's.
  /// What to wait for until next_check().
  std::vector<pollfd> poll_set() const;
  TimePoint next_check() const { return next_check_; }
  /// Hears the sources that are ready, measures if it is time, tells the listeners.
  /// `polled` is poll_set() with what poll(2) wrote into it.
  void tick(TimePoint now, std::span<const pollfd> polled);

 private:
  void hear(TimePoint now, std::span<const pollfd> polled);
  void tell_warning(TimePoint now);
  void check(TimePoint now);
  void tell_change();

  const std::function<Expected<MemoryUse>()> sample_;
  const std::chrono::milliseconds interval_;
  const std::shared_ptr<ListenerList> listeners_ = std::make_shared<ListenerList>();

  mutable std::mutex mutex_;  // guards the next three, and that pressure_ follows the gauge
  PressureGauge gauge_;
  std::optional<MemoryUse> last_use_;
  bool warned_ = false;  // a warning that the listeners have not been told of
  std::atomic<MemoryPressure> pressure_{MemoryPressure::normal};

  struct Watched {
    std::unique_ptr<PressureSource> source;
    bool has_asked = false;  // for a check that has not come yet
  };
  std::vector<Watched> watched_;
  TimePoint next_check_;
  TimePoint last_check_;
  MemoryPressure told_ = MemoryPressure::normal;
};

}  // namespace plimsoll::pressure
