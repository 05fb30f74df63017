// How hard memory is pressed (spec sections 5 and 6): the levels, what each of them cleans up, and the
// monitor that watches them while the program runs. All functions are thread-safe; they fail by
// doing less, never with an error: a machine without one of the kernel's files is watched without it.
#pragma once

#include <plimsoll/device.h>
#include <plimsoll/error.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace plimsoll {

enum class MemoryPressure { normal, warning, critical };

/// "normal", "warning", "critical".
std::string_view to_string(MemoryPressure pressure);

/// Shares of the device's memory, in percent, of spec section 5: below the first it is normal, above
/// the second critical, warning between them (both ends included).
inline constexpr unsigned kWarningPercent = 70;
inline constexpr unsigned kCriticalPercent = 85;

/// REQUIRES: device_bytes > 0, and both below 2^57 (128 PiB).
MemoryPressure classify_pressure(std::uint64_t used_bytes, std::uint64_t device_bytes);

/// How far a clean-up goes (spec section 6). Each level includes the ones before it.
enum class CleanupLevel {
  none,
  light,       // clear the cache
  aggressive,  // finish pending work
  emergency,   // unload the model; only the operating system's warning asks for it
};

/// What a periodic check cleans up (spec section 6, column "periodic check").
CleanupLevel cleanup_on_check(MemoryPressure pressure);

/// What a cancelled generation cleans up (spec section 6, column "on cancel").
struct CancelCleanup {
  bool clear_cache = false;
  bool unload_model = false;
};
CancelCleanup cleanup_on_cancel(MemoryPressure pressure);

/// What a source that became ready has to say.
enum class SourceSignal {
  none,     // nothing new
  check,    // memory was used up to a line: measure now instead of at the next interval
  warning,  // the operating system's memory warning
  gone,     // it will never speak again: the monitor lets go of it
};

/// Something of the operating system that speaks up when memory gets short. Used by one thread.
class PressureSource {
 public:
  virtual ~PressureSource() = default;
  /// What is watched, for example "/proc/pressure/memory".
  virtual std::string_view name() const = 0;
  /// What poll(2) waits for: a descriptor that stays the same, and its events.
  virtual int descriptor() const = 0;
  virtual short events() const = 0;
  /// Takes what the descriptor has to say, without blocking, so that it is not ready any more.
  /// `ready` is what poll(2) returned: some of events(), POLLERR, POLLHUP, POLLNVAL.
  virtual SourceSignal on_ready(short ready) = 0;
};

using PressureSources = std::vector<std::unique_ptr<PressureSource>>;

/// Every source that this machine has and lets us use. On Linux: PSI of the system and of our cgroup, or
/// what systemd tells to watch instead of them ($MEMORY_PRESSURE_WATCH; "/dev/null" there: no source at all);
/// the memory events of every cgroup above us. On macOS: the system's memory pressure. `root` is prefixed to
/// every path but systemd's.
PressureSources open_pressure_sources(const std::filesystem::path& root = "/");

/// Who wants to know. Called on the monitor's thread, one call at a time; a slow listener delays the
/// others and the next sample. REQUIRES: no function throws.
class PressureListener {
 public:
  virtual ~PressureListener() = default;
  /// After each sample: what cleanup_on_check() says is done here.
  virtual void on_check(MemoryPressure) {}
  virtual void on_change(MemoryPressure /*from*/, MemoryPressure /*to*/) {}
  /// The operating system warned: CleanupLevel::emergency. Comes before the on_check() of the same moment.
  virtual void on_emergency() {}
};

namespace pressure {
class ListenerList;
}

/// Keeps a listener told; ends that when it goes, and may outlive the monitor. Move-only.
/// Once it has gone, the listener is not running any more and is never called again. It waits for a running
/// call, unless it goes inside of that call; so let go of it with no lock held that the listener takes.
class PressureSubscription {
 public:
  PressureSubscription() = default;
  PressureSubscription(PressureSubscription&& other) noexcept;
  PressureSubscription& operator=(PressureSubscription&& other) noexcept;  // ends the old one first
  ~PressureSubscription() { end(); }

  void end() noexcept;

 private:
  friend class pressure::ListenerList;
  PressureSubscription(std::shared_ptr<pressure::ListenerList> list, std::uint64_t id);

  std::shared_ptr<pressure::ListenerList> list_;
  std::uint64_t id_ = 0;
};

/// Spec section 5: how often memory is measured.
inline constexpr std::chrono::seconds kSampleInterval{5};

/// How long a warning of the operating system keeps the pressure critical: two samples, and five of the 2 s
/// windows at which PSI would repeat it. What was given back then shows in the figures.
inline constexpr std::chrono::seconds kWarningHold{10};

struct MonitorOptions {
  using Clock = std::chrono::steady_clock;

  /// What is measured; a failure leaves the figures as they were. Default: read_memory_use().
  std::function<Expected<MemoryUse>()> sample{};
  /// Default: open_pressure_sources().
  std::optional<PressureSources> sources{};
  std::chrono::milliseconds interval = kSampleInterval;  // REQUIRES: above zero
  std::function<Clock::time_point()> now = Clock::now;
};

/// Watches memory on a thread of its own: measures at every interval, and at once when a source speaks up.
///
/// The pressure rises as classify_pressure() says, and falls with some distance, so that it does not
/// oscillate: from critical at 80% or less, to normal below 65%. A warning of the operating system makes it
/// critical at once, and keeps it so for kWarningHold after the last one.
class MemoryMonitor {
 public:
  explicit MemoryMonitor(MonitorOptions options = {});
  /// Blocking: waits for a running listener. REQUIRES: not called by a listener.
  ~MemoryMonitor();
  MemoryMonitor(const MemoryMonitor&) = delete;
  MemoryMonitor& operator=(const MemoryMonitor&) = delete;

  MemoryPressure pressure() const;
  /// Spec section 5: true unless the pressure is critical.
  bool can_keep_model_loaded() const;
  /// The last measurement; empty before the first one.
  std::optional<MemoryUse> last_use() const;

  /// For an application that hears the operating system's warning in its own way. Returns at once, with
  /// the pressure critical; the listeners are told on the monitor's thread. Not for signal handlers.
  void report_system_warning();

  /// REQUIRES: `listener` outlives the subscription.
  [[nodiscard]] PressureSubscription subscribe(PressureListener& listener);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace plimsoll
