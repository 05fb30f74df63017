// How hard memory is pressed (spec section 5). Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <string_view>

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

/// What a cancelled generation cleans up (spec section 6, column "on cancel").
struct CancelCleanup {
  bool clear_cache = false;
  bool unload_model = false;
};
CancelCleanup cleanup_on_cancel(MemoryPressure pressure);

}  // namespace plimsoll
