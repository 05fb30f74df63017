#include <pthread.h>
#include <sched.h>

#include <atomic>
#include <limits>
#include <thread>
#include <utility>

#include "plimsoll/pressure.h"
#include "pressure/monitor_core.h"
#include "pressure/wake_pipe.h"

namespace plimsoll {
namespace {

MonitorOptions with_defaults(MonitorOptions options) {
  if (!options.sample) options.sample = [] { return read_memory_use(); };
  if (!options.sources) options.sources = open_pressure_sources();
  return options;
}

int poll_milliseconds(std::chrono::nanoseconds time) {
  const auto rounded_up = std::chrono::ceil<std::chrono::milliseconds>(time).count();
  constexpr decltype(rounded_up) kLongest = std::numeric_limits<int>::max();
  return static_cast<int>(std::clamp(rounded_up, decltype(rounded_up){0}, kLongest));
}

// A thread that is woken may take the core of the one that woke it, and so keep a caller of
// report_system_warning() for milliseconds. One that the scheduler knows as batch work does not. A hint.
void leave_callers_their_core() {
#ifdef SCHED_BATCH
  const sched_param no_priority{};
  pthread_setschedparam(pthread_self(), SCHED_BATCH, &no_priority);
#endif
}

}  // namespace

// The thread around the core: it waits, the core does the rest.
struct MemoryMonitor::Impl {
  explicit Impl(MonitorOptions options)
      : now(options.now), core(with_defaults(std::move(options)), now()), thread([this] { run(); }) {}
  ~Impl() {
    stopping = true;
    wake.wake();
    thread.join();
  }

  void run() {
    leave_callers_their_core();
    while (!stopping) {
      auto set = core.poll_set();
      set.push_back({wake.descriptor(), POLLIN, 0});
      // A failed poll (a signal) has written nothing: then nothing is ready.
      ::poll(set.data(), static_cast<nfds_t>(set.size()), poll_milliseconds(core.next_check() - now()));
      if (set.back().revents != 0) wake.drain();
      set.pop_back();
      core.tick(now(), set);
    }
  }

  std::function<MonitorOptions::Clock::time_point()> now;
  pressure::MonitorCore core;
  pressure::WakePipe wake;
  std::atomic<bool> stopping{false};
  std::thread thread;  // last, because it uses the others
};

MemoryMonitor::MemoryMonitor(MonitorOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
MemoryMonitor::~MemoryMonitor() = default;

MemoryPressure MemoryMonitor::pressure() const { return impl_->core.pressure(); }

bool MemoryMonitor::can_keep_model_loaded() const { return pressure() != MemoryPressure::critical; }

std::optional<MemoryUse> MemoryMonitor::last_use() const { return impl_->core.last_use(); }

void MemoryMonitor::report_system_warning() {
  impl_->core.report_system_warning(impl_->now());
  impl_->wake.wake();
}

PressureSubscription MemoryMonitor::subscribe(PressureListener& listener) {
  return impl_->core.subscribe(listener);
}

}  // namespace plimsoll
