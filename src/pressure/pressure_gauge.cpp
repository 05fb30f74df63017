#include "pressure/pressure_gauge.h"

namespace plimsoll::pressure {
namespace {

using enum MemoryPressure;

// Compared without dividing, as classify_pressure() does.
bool is_below(const MemoryUse& use, unsigned percent) {
  return use.used_bytes * 100 < use.capacity_bytes * percent;
}
bool is_above(const MemoryUse& use, unsigned percent) {
  return use.used_bytes * 100 > use.capacity_bytes * percent;
}

MemoryPressure after(MemoryPressure before, const MemoryUse& use) {
  if (use.capacity_bytes == 0) return normal;
  const MemoryPressure measured = classify_pressure(use.used_bytes, use.capacity_bytes);
  if (measured >= before) return measured;
  if (before == critical && is_above(use, kCriticalEndsAtPercent)) return critical;
  return is_below(use, kNormalBelowPercent) ? normal : warning;
}

}  // namespace

MemoryPressure PressureGauge::on_sample(const MemoryUse& use, TimePoint now) {
  if (!held(now)) pressure_ = after(pressure_, use);
  return pressure_;
}

void PressureGauge::on_system_warning(TimePoint now) {
  pressure_ = critical;
  last_warning_ = now;
}

}  // namespace plimsoll::pressure
