#include <plimsoll/device.h>

namespace plimsoll {
namespace {

struct Boundaries {
  std::uint64_t ultra_low_bytes;
  std::uint64_t low_bytes;
  std::optional<std::uint64_t> standard_bytes;  // empty: there is no higher class
};

// Spec section 1.
Boundaries boundaries_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::legacy:
      return {3 * kGiB, 4 * kGiB, std::nullopt};
    case Strategy::quick_fix:
      return {2 * kGiB, 3 * kGiB, std::nullopt};
    case Strategy::tiered:
    case Strategy::fitted:
      break;
  }
  return {2 * kGiB, 3 * kGiB, 6 * kGiB};
}

}  // namespace

DeviceMemoryTier classify_device(Strategy strategy, std::uint64_t memory_bytes) {
  const Boundaries upper = boundaries_of(strategy);
  if (memory_bytes <= upper.ultra_low_bytes) return DeviceMemoryTier::ultra_low;
  if (memory_bytes <= upper.low_bytes) return DeviceMemoryTier::low;
  if (!upper.standard_bytes || memory_bytes <= *upper.standard_bytes) return DeviceMemoryTier::standard;
  return DeviceMemoryTier::high;
}

std::string_view to_string(DeviceMemoryTier tier) {
  switch (tier) {
    case DeviceMemoryTier::ultra_low:
      return "ultra low";
    case DeviceMemoryTier::low:
      return "low";
    case DeviceMemoryTier::standard:
      return "standard";
    case DeviceMemoryTier::high:
      break;
  }
  return "high";
}

std::string_view to_string(Strategy strategy) {
  switch (strategy) {
    case Strategy::legacy:
      return "legacy";
    case Strategy::quick_fix:
      return "quick-fix";
    case Strategy::tiered:
      return "tiered";
    case Strategy::fitted:
      break;
  }
  return "fitted";
}

std::optional<Strategy> strategy_from_string(std::string_view name) {
  for (const Strategy strategy :
       {Strategy::legacy, Strategy::quick_fix, Strategy::tiered, Strategy::fitted}) {
    if (name == to_string(strategy)) return strategy;
  }
  return std::nullopt;
}

}  // namespace plimsoll
