#include "plimsoll/pressure.h"

namespace plimsoll {

std::string_view to_string(MemoryPressure pressure) {
  switch (pressure) {
    case MemoryPressure::normal:
      return "normal";
    case MemoryPressure::warning:
      return "warning";
    case MemoryPressure::critical:
      return "critical";
  }
  return "unknown";
}

MemoryPressure classify_pressure(std::uint64_t used_bytes, std::uint64_t device_bytes) {
  // Shares are compared without dividing, so that 85% exactly is not lost to rounding.
  if (used_bytes * 100 > device_bytes * kCriticalPercent) return MemoryPressure::critical;
  return used_bytes * 100 >= device_bytes * kWarningPercent ? MemoryPressure::warning
                                                            : MemoryPressure::normal;
}

CleanupLevel cleanup_on_check(MemoryPressure pressure) {
  switch (pressure) {
    case MemoryPressure::normal:
      return CleanupLevel::none;
    case MemoryPressure::warning:
      return CleanupLevel::light;
    case MemoryPressure::critical:
      break;
  }
  return CleanupLevel::aggressive;
}

CancelCleanup cleanup_on_cancel(MemoryPressure pressure) {
  return {.clear_cache = pressure != MemoryPressure::normal,
          .unload_model = pressure == MemoryPressure::critical};
}

}  // namespace plimsoll
