#include "prove/observer.h"

#include <utility>

#include "memory/heap.h"

namespace plimsoll::prove {

Observer::Observer(const session::Session& session, EventSink sink, std::chrono::milliseconds interval)
    : session_(session), sink_(std::move(sink)), last_trims_(memory::heap_trims()) {
  thread_ = std::thread([this, interval] {
    std::unique_lock lock(mutex_);
    while (!over_) {
      look_locked();
      wake_.wait_for(lock, interval, [this] { return over_; });
    }
  });
}

Observer::~Observer() {
  {
    std::lock_guard lock(mutex_);
    over_ = true;
  }
  wake_.notify_all();
  thread_.join();
}

double Observer::now_s() const { return std::chrono::duration<double>(Clock::now() - began_).count(); }

void Observer::tell(const Event& event) {
  std::lock_guard lock(mutex_);
  sink_(event);
}

void Observer::look() {
  std::lock_guard lock(mutex_);
  look_locked();
}

void Observer::cleanups_are_wished() {
  std::lock_guard lock(mutex_);
  look_locked();
  wished_ = true;
}

void Observer::look_locked() {
  const MemoryReport report = memory_report(*session_.pool);
  const MemoryPressure pressure = session_.monitor->pressure();
  sink_(Sample{now_s(), report.ledger.holder_bytes, report.footprint_bytes, pressure});
  const auto steps = session_.evaluator->ladder().records_since(last_step_);
  for (const ReclaimRecord& step : steps) {
    last_step_ = step.sequence;
    const double at_s = std::chrono::duration<double>(step.began - began_).count();
    sink_(Reclaim{at_s, step.duration_ms, step.name, step.claimed_bytes, step.returned_bytes});
  }
  count_cleanups(pressure, steps.size());
}

// Between two looks at which it was normal, the pressure gave no reason to clean up.
void Observer::count_cleanups(MemoryPressure now, std::size_t steps) {
  const std::uint64_t trims = memory::heap_trims();
  const std::uint64_t rounds = trims - std::exchange(last_trims_, trims) + steps;
  const bool was_normal = std::exchange(last_pressure_, now) == MemoryPressure::normal;
  const bool needless = was_normal && now == MemoryPressure::normal && !wished_;
  if (rounds > 0) sink_(Cleanups{rounds, needless ? rounds : 0});
}

}  // namespace plimsoll::prove
