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

TEST(Pressure, CancelCleansUpOnlyWhatThePressureAsksFor) {
  const CancelCleanup normal = cleanup_on_cancel(MemoryPressure::normal);
  EXPECT_FALSE(normal.clear_cache || normal.unload_model);
  const CancelCleanup warning = cleanup_on_cancel(MemoryPressure::warning);
  EXPECT_TRUE(warning.clear_cache && !warning.unload_model);
  const CancelCleanup critical = cleanup_on_cancel(MemoryPressure::critical);
  EXPECT_TRUE(critical.clear_cache && critical.unload_model);
}

}  // namespace
}  // namespace plimsoll
