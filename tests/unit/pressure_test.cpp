#include <gtest/gtest.h>
#include <plimsoll/pressure.h>

namespace plimsoll {
namespace {

constexpr std::uint64_t kDevice = 1000000;

TEST(Pressure, IsNormalBelowSeventyPercent) {
  EXPECT_EQ(classify_pressure(0, kDevice), MemoryPressure::normal);
  EXPECT_EQ(classify_pressure(699999, kDevice), MemoryPressure::normal);
}

TEST(Pressure, WarnsFromSeventyToEightyFivePercent) {
  EXPECT_EQ(classify_pressure(700000, kDevice), MemoryPressure::warning);
  EXPECT_EQ(classify_pressure(850000, kDevice), MemoryPressure::warning);
}

TEST(Pressure, IsCriticalAboveEightyFivePercent) {
  EXPECT_EQ(classify_pressure(850001, kDevice), MemoryPressure::critical);
  EXPECT_EQ(classify_pressure(10 * kDevice, kDevice), MemoryPressure::critical);
}

TEST(Pressure, DoesNotOverflowOnLargeMachines) {
  const std::uint64_t petabyte = std::uint64_t{1} << 50;
  EXPECT_EQ(classify_pressure(8 * petabyte, 16 * petabyte), MemoryPressure::normal);
  EXPECT_EQ(classify_pressure(15 * petabyte, 16 * petabyte), MemoryPressure::critical);
}

// --- spec section 6, row by row; the row of the emergency is in monitor_core_test.cpp

TEST(CleanupAtNormalPressure, DoesNothingOnAPeriodicCheck) {
  EXPECT_EQ(cleanup_on_check(MemoryPressure::normal), CleanupLevel::none);
}

TEST(CleanupAtNormalPressure, DoesNothingOnCancel) {
  const CancelCleanup cleanup = cleanup_on_cancel(MemoryPressure::normal);
  EXPECT_FALSE(cleanup.clear_cache);
  EXPECT_FALSE(cleanup.unload_model);
}

TEST(CleanupAtWarningPressure, IsLightOnAPeriodicCheck) {
  EXPECT_EQ(cleanup_on_check(MemoryPressure::warning), CleanupLevel::light);
}

TEST(CleanupAtWarningPressure, ClearsTheCacheOnCancel) {
  const CancelCleanup cleanup = cleanup_on_cancel(MemoryPressure::warning);
  EXPECT_TRUE(cleanup.clear_cache);
  EXPECT_FALSE(cleanup.unload_model);
}

TEST(CleanupAtCriticalPressure, IsAggressiveOnAPeriodicCheckAndKeepsTheModel) {
  EXPECT_EQ(cleanup_on_check(MemoryPressure::critical), CleanupLevel::aggressive);
  EXPECT_LT(cleanup_on_check(MemoryPressure::critical), CleanupLevel::emergency);
}

TEST(CleanupAtCriticalPressure, ClearsTheCacheAndUnloadsTheModelOnCancel) {
  const CancelCleanup cleanup = cleanup_on_cancel(MemoryPressure::critical);
  EXPECT_TRUE(cleanup.clear_cache);
  EXPECT_TRUE(cleanup.unload_model);
}

}  // namespace
}  // namespace plimsoll
