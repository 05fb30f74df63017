// The configuration that each device class gets (spec section 2). A plain table: pure functions,
// thread-safe, no errors.
#pragma once

#include <plimsoll/device.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll {

/// When the clean-up goes beyond what the pressure asks for.
enum class AggressiveCleanup { no, on_cancel, yes };

/// "no", "on-cancel", "yes".
std::string_view to_string(AggressiveCleanup cleanup);

/// All that the model can see of a picture.
inline constexpr int kFullImageSize = 1 << 20;

struct MemoryConfiguration {
  Strategy strategy = Strategy::tiered;
  DeviceMemoryTier tier = DeviceMemoryTier::standard;

  // Bytes kept for reuse at most. Empty: the engine's default, which is the device's memory.
  std::optional<std::uint64_t> cache_limit_bytes;
  // Bytes in live buffers and cache together at most. Empty: no limit.
  std::optional<std::uint64_t> memory_limit_bytes;

  int max_tokens = 0;  // tokens that an answer may have
  int image_size = 0;  // pixels: the side of the square that a picture is fitted into; or kFullImageSize

  // generate() calls that may run together. Where the plan has room for fewer answers at once, the others
  // wait for their turn.
  int answers_at_once = 1;

  bool keep_model_loaded = false;  // false: the model leaves after each answer
  AggressiveCleanup aggressive_cleanup = AggressiveCleanup::no;

  float temperature = 0.7F;  // 0 is greedy and deterministic
  float top_p = 0.9F;        // within (0, 1]
};

/// What a class has room for as a rule, for a server with several clients: 1, 1, 2, 4 from ultra low to high.
/// A plan may still say less.
int usual_answers_at_once(DeviceMemoryTier tier);

/// The row of spec section 2 for this strategy on a device with `memory_bytes`; `fitted` has `tiered`'s rows.
MemoryConfiguration configuration_for(Strategy strategy, std::uint64_t memory_bytes);

/// The same row, by class. REQUIRES: the strategy has that class (only `tiered` has `high`);
/// otherwise the strategy's highest class answers.
MemoryConfiguration configuration_for(Strategy strategy, DeviceMemoryTier tier);

}  // namespace plimsoll
