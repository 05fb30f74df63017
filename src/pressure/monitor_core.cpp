#include "pressure/monitor_core.h"

#include <algorithm>
#include <utility>

namespace plimsoll::pressure {

MonitorCore::MonitorCore(MonitorOptions options, TimePoint start)
    : sample_(std::move(options.sample)),
      interval_(options.interval),
      next_check_(start),
      last_check_(start) {
  for (auto& source : *options.sources) watched_.push_back({std::move(source)});
}

std::optional<MemoryUse> MonitorCore::last_use() const {
  const std::lock_guard lock(mutex_);
  return last_use_;
}

void MonitorCore::report_system_warning(TimePoint now) {
  const std::lock_guard lock(mutex_);
  gauge_.on_system_warning(now);
  pressure_ = gauge_.pressure();
  warned_ = true;
}

std::vector<pollfd> MonitorCore::poll_set() const {
  std::vector<pollfd> set;
  for (const auto& [source, has_asked] : watched_) {
    // poll(2) passes over negative descriptors.
    set.push_back({has_asked ? -1 : source->descriptor(), source->events(), 0});
  }
  return set;
}

void MonitorCore::tick(TimePoint now, std::span<const pollfd> polled) {
  hear(now, polled);
  tell_warning(now);
  if (now >= next_check_) check(now);
}

void MonitorCore::hear(TimePoint now, std::span<const pollfd> polled) {
  // From the last one, so that letting go of a source moves none that are still to be heard.
  for (std::size_t i = polled.size(); i-- > 0;) {
    if (polled[i].revents == 0) continue;
    switch (watched_[i].source->on_ready(polled[i].revents)) {
      case SourceSignal::none:
        break;
      case SourceSignal::check:
        watched_[i].has_asked = true;
        next_check_ = std::min(next_check_, last_check_ + kShortestInterval);
        break;
      case SourceSignal::warning:
        report_system_warning(now);
        break;
      case SourceSignal::gone:
        watched_.erase(watched_.begin() + static_cast<std::ptrdiff_t>(i));
        break;
    }
  }
}

void MonitorCore::tell_warning(TimePoint now) {
  {
    const std::lock_guard lock(mutex_);
    if (!std::exchange(warned_, false)) return;
  }
  if (told_ != MemoryPressure::critical) next_check_ = now;
  tell_change();
  listeners_->for_each([](PressureListener& listener) { listener.on_emergency(); });
}

void MonitorCore::check(TimePoint now) {
  auto use = sample_();
  {
    const std::lock_guard lock(mutex_);
    if (use) last_use_ = std::move(*use);
    pressure_ = gauge_.on_sample(last_use_.value_or(MemoryUse{}), now);
  }
  for (Watched& watched : watched_) watched.has_asked = false;
  last_check_ = now;
  next_check_ = now + interval_;
  tell_change();
  listeners_->for_each([this](PressureListener& listener) { listener.on_check(told_); });
}

void MonitorCore::tell_change() {
  const MemoryPressure to = pressure_;
  const MemoryPressure from = std::exchange(told_, to);
  if (from == to) return;
  listeners_->for_each([&](PressureListener& listener) { listener.on_change(from, to); });
}

}  // namespace plimsoll::pressure
