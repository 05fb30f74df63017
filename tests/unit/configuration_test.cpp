#include <gtest/gtest.h>
#include <plimsoll/configuration.h>

namespace plimsoll {
namespace {

using enum DeviceMemoryTier;
using enum Strategy;
using Limit = std::optional<std::uint64_t>;

// Spec section 2 once more, in plain numbers, so that a slip in the table does not test itself.
struct SpecRow {
  Strategy strategy;
  DeviceMemoryTier tier;
  std::uint64_t device_bytes;  // of a device that is in this class
  Limit cache_limit_bytes;
  Limit memory_limit_bytes;
  int max_tokens;
  int image_size;
  bool keep_model_loaded;
  AggressiveCleanup aggressive_cleanup;
};

const SpecRow kSpec[] = {
    {legacy, ultra_low, 3 * kGiB, 1048576, 1258291200, 50, 160, false, AggressiveCleanup::yes},
    {legacy, low, 4 * kGiB, 3145728, 1887436800, 300, 224, false, AggressiveCleanup::yes},
    {legacy, standard, 8 * kGiB, {}, {}, 600, 448, true, AggressiveCleanup::no},
    {quick_fix, ultra_low, 2 * kGiB, 3145728, 1572864000, 300, 192, false, AggressiveCleanup::on_cancel},
    {quick_fix, low, 3 * kGiB, 8388608, 2097152000, 500, 256, false, AggressiveCleanup::no},
    {quick_fix, standard, 4 * kGiB, 20971520, {}, 800, 384, true, AggressiveCleanup::no},
    {tiered, ultra_low, 2 * kGiB, 3145728, 1572864000, 300, 192, false, AggressiveCleanup::yes},
    {tiered, low, 3 * kGiB, 8388608, 2097152000, 500, 256, false, AggressiveCleanup::no},
    {tiered, standard, 4 * kGiB, 20971520, 2621440000, 800, 384, true, AggressiveCleanup::no},
    {tiered, high, 8 * kGiB, 52428800, {}, 1000, 448, true, AggressiveCleanup::no},
};

void expect_row(const MemoryConfiguration& configuration, const SpecRow& row) {
  EXPECT_EQ(configuration.strategy, row.strategy);
  EXPECT_EQ(configuration.tier, row.tier);
  EXPECT_EQ(configuration.cache_limit_bytes, row.cache_limit_bytes);
  EXPECT_EQ(configuration.memory_limit_bytes, row.memory_limit_bytes);
  EXPECT_EQ(configuration.max_tokens, row.max_tokens);
  EXPECT_EQ(configuration.image_size, row.image_size);
  EXPECT_EQ(configuration.keep_model_loaded, row.keep_model_loaded);
  EXPECT_EQ(configuration.aggressive_cleanup, row.aggressive_cleanup);
  EXPECT_FLOAT_EQ(configuration.temperature, 0.7F);
  EXPECT_FLOAT_EQ(configuration.top_p, 0.9F);
}

TEST(ConfigurationFor, IsTheSpecsRowOfEachClass) {
  for (const SpecRow& row : kSpec) {
    SCOPED_TRACE(std::string(to_string(row.strategy)) + " " + std::string(to_string(row.tier)));
    expect_row(configuration_for(row.strategy, row.tier), row);
  }
}

TEST(ConfigurationFor, IsTheRowOfTheClassThatADeviceIsIn) {
  for (const SpecRow& row : kSpec) {
    SCOPED_TRACE(std::string(to_string(row.strategy)) + " " + format_size(row.device_bytes));
    expect_row(configuration_for(row.strategy, row.device_bytes), row);
  }
}

TEST(ConfigurationFor, ChangesRightAboveABoundary) {
  EXPECT_EQ(configuration_for(tiered, 2 * kGiB + 1).max_tokens, 500);
  EXPECT_EQ(configuration_for(tiered, 3 * kGiB + 1).max_tokens, 800);
  EXPECT_EQ(configuration_for(tiered, 6 * kGiB).max_tokens, 800);
  EXPECT_EQ(configuration_for(tiered, 6 * kGiB + 1).max_tokens, 1000);
  EXPECT_EQ(configuration_for(legacy, 4 * kGiB + 1).max_tokens, 600);
  EXPECT_EQ(configuration_for(quick_fix, 3 * kGiB + 1).max_tokens, 800);
}

TEST(ConfigurationFor, AnswersWithTheHighestClassWhereAStrategyHasNoHigh) {
  EXPECT_EQ(configuration_for(legacy, high).tier, standard);
  EXPECT_EQ(configuration_for(legacy, high).max_tokens, 600);
  EXPECT_EQ(configuration_for(quick_fix, high).tier, standard);
  EXPECT_EQ(configuration_for(quick_fix, high).max_tokens, 800);
}

TEST(AggressiveCleanup, HasItsNameAsText) {
  EXPECT_EQ(to_string(AggressiveCleanup::no), "no");
  EXPECT_EQ(to_string(AggressiveCleanup::on_cancel), "on-cancel");
  EXPECT_EQ(to_string(AggressiveCleanup::yes), "yes");
}

}  // namespace
}  // namespace plimsoll
