#include <plimsoll/configuration.h>

#include <array>

namespace plimsoll {
namespace {

using enum DeviceMemoryTier;
using enum Strategy;

struct Row {
  Strategy strategy;
  DeviceMemoryTier tier;
  std::optional<std::uint64_t> cache_limit_bytes;
  std::optional<std::uint64_t> memory_limit_bytes;
  int max_tokens;
  int image_size;
  bool keep_model_loaded;
  AggressiveCleanup aggressive_cleanup;
};

constexpr std::nullopt_t kEngineDefault = std::nullopt;
constexpr std::nullopt_t kNone = std::nullopt;

// Spec section 2; a strategy's classes stand from lowest to highest.
// clang-format off
constexpr std::array<Row, 10> kTable = {{
    // strategy, class,    cache limit,    memory limit, tokens, image, keep, aggressive clean-up
    {legacy,    ultra_low, 1 * kMiB,       1200 * kMiB,  50,     160, false, AggressiveCleanup::yes},
    {legacy,    low,       3 * kMiB,       1800 * kMiB,  300,    224, false, AggressiveCleanup::yes},
    {legacy,    standard,  kEngineDefault, kNone,        600,    448, true,  AggressiveCleanup::no},
    {quick_fix, ultra_low, 3 * kMiB,       1500 * kMiB,  300,    192, false, AggressiveCleanup::on_cancel},
    {quick_fix, low,       8 * kMiB,       2000 * kMiB,  500,    256, false, AggressiveCleanup::no},
    {quick_fix, standard,  20 * kMiB,      kNone,        800,    384, true,  AggressiveCleanup::no},
    {tiered,    ultra_low, 3 * kMiB,       1500 * kMiB,  300,    192, false, AggressiveCleanup::yes},
    {tiered,    low,       8 * kMiB,       2000 * kMiB,  500,    256, false, AggressiveCleanup::no},
    {tiered,    standard,  20 * kMiB,      2500 * kMiB,  800,    384, true,  AggressiveCleanup::no},
    {tiered,    high,      50 * kMiB,      kNone,        1000,   448, true,  AggressiveCleanup::no},
}};
// clang-format on

// The row asked for, else the strategy's highest.
const Row& row_of(Strategy strategy, DeviceMemoryTier tier) {
  const Row* highest = &kTable.front();
  for (const Row& row : kTable) {
    if (row.strategy != strategy) continue;
    if (row.tier == tier) return row;
    highest = &row;
  }
  return *highest;
}

}  // namespace

std::string_view to_string(AggressiveCleanup cleanup) {
  switch (cleanup) {
    case AggressiveCleanup::no:
      return "no";
    case AggressiveCleanup::on_cancel:
      return "on-cancel";
    case AggressiveCleanup::yes:
      break;
  }
  return "yes";
}

MemoryConfiguration configuration_for(Strategy strategy, std::uint64_t memory_bytes) {
  return configuration_for(strategy, classify_device(strategy, memory_bytes));
}

MemoryConfiguration configuration_for(Strategy strategy, DeviceMemoryTier tier) {
  const Row& row = row_of(strategy == Strategy::fitted ? Strategy::tiered : strategy, tier);
  MemoryConfiguration configuration;
  configuration.strategy = strategy;
  configuration.tier = row.tier;
  configuration.cache_limit_bytes = row.cache_limit_bytes;
  configuration.memory_limit_bytes = row.memory_limit_bytes;
  configuration.max_tokens = row.max_tokens;
  configuration.image_size = row.image_size;
  configuration.keep_model_loaded = row.keep_model_loaded;
  configuration.aggressive_cleanup = row.aggressive_cleanup;
  return configuration;
}

int usual_answers_at_once(DeviceMemoryTier tier) {
  switch (tier) {
    case DeviceMemoryTier::ultra_low:
    case DeviceMemoryTier::low:
      return 1;
    case DeviceMemoryTier::standard:
      return 2;
    case DeviceMemoryTier::high:
      return 4;
  }
  return 1;
}

}  // namespace plimsoll
