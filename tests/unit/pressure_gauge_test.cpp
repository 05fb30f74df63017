#include "pressure/pressure_gauge.h"

#include <gtest/gtest.h>

namespace plimsoll::pressure {
namespace {

using enum MemoryPressure;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr PressureGauge::TimePoint kStart{};

// Tenths of a per mille, so that a test can stand one step beside a line.
MemoryUse use(std::uint64_t of_100000) { return {of_100000, 100000, "test"}; }

class PressureGaugeTest : public testing::Test {
 protected:
  MemoryPressure sample(std::uint64_t of_100000) { return gauge_.on_sample(use(of_100000), kStart); }

  PressureGauge gauge_;
};

// --- rising: exactly where spec section 5 says

TEST_F(PressureGaugeTest, IsNormalBeforeAnythingIsKnown) { EXPECT_EQ(gauge_.pressure(), normal); }

TEST_F(PressureGaugeTest, StaysNormalBelowSeventyPercent) { EXPECT_EQ(sample(69999), normal); }

TEST_F(PressureGaugeTest, WarnsAtSeventyPercent) { EXPECT_EQ(sample(70000), warning); }

TEST_F(PressureGaugeTest, WarnsUpToEightyFivePercent) { EXPECT_EQ(sample(85000), warning); }

TEST_F(PressureGaugeTest, IsCriticalAboveEightyFivePercent) {
  EXPECT_EQ(sample(85001), critical);
  EXPECT_EQ(gauge_.pressure(), critical);
}

TEST_F(PressureGaugeTest, RisesFromWarningToCritical) {
  sample(75000);
  EXPECT_EQ(sample(85001), critical);
}

TEST_F(PressureGaugeTest, IsCriticalWhereMoreIsInUseThanThereIs) { EXPECT_EQ(sample(250000), critical); }

// --- falling: with some distance

TEST_F(PressureGaugeTest, KeepsWarningDownToSixtyFivePercent) {
  sample(70000);
  EXPECT_EQ(sample(69999), warning);
  EXPECT_EQ(sample(65000), warning);
}

TEST_F(PressureGaugeTest, IsNormalAgainBelowSixtyFivePercent) {
  sample(70000);
  EXPECT_EQ(sample(64999), normal);
}

TEST_F(PressureGaugeTest, WarnsAgainOnlyAtSeventyPercent) {
  sample(70000);
  sample(64999);
  EXPECT_EQ(sample(69999), normal);
  EXPECT_EQ(sample(70000), warning);
}

TEST_F(PressureGaugeTest, StaysCriticalAboveEightyPercent) {
  sample(90000);
  EXPECT_EQ(sample(85000), critical);
  EXPECT_EQ(sample(80001), critical);
}

TEST_F(PressureGaugeTest, OnlyWarnsAgainAtEightyPercent) {
  sample(90000);
  EXPECT_EQ(sample(80000), warning);
}

TEST_F(PressureGaugeTest, IsCriticalAgainOnlyAboveEightyFivePercent) {
  sample(90000);
  sample(80000);
  EXPECT_EQ(sample(85000), warning);
  EXPECT_EQ(sample(85001), critical);
}

TEST_F(PressureGaugeTest, FallsFromCriticalToWarningBetweenTheTwoLinesOfNormal) {
  sample(90000);
  EXPECT_EQ(sample(65000), warning);
}

TEST_F(PressureGaugeTest, FallsFromCriticalToNormalInOneStep) {
  sample(90000);
  EXPECT_EQ(sample(64999), normal);
}

TEST_F(PressureGaugeTest, DoesNotOscillateAroundALine) {
  int changes = 0;
  MemoryPressure last = sample(85001);
  for (const std::uint64_t around : {84999U, 85001U, 84999U, 85001U, 81000U, 89000U}) {
    const MemoryPressure next = sample(around);
    changes += next != last ? 1 : 0;
    last = next;
  }
  EXPECT_EQ(changes, 0);
}

TEST_F(PressureGaugeTest, IsNotPressedByACapacityThatNobodyKnows) {
  EXPECT_EQ(gauge_.on_sample(MemoryUse{}, kStart), normal);
}

// --- the operating system's warning

TEST_F(PressureGaugeTest, IsCriticalAtOnceWhenTheSystemWarns) {
  sample(10000);
  gauge_.on_system_warning(kStart);
  EXPECT_EQ(gauge_.pressure(), critical);
}

TEST_F(PressureGaugeTest, IsHeldCriticalForTheWholeHoldTimeWhateverIsMeasured) {
  gauge_.on_system_warning(kStart);
  EXPECT_EQ(gauge_.on_sample(use(0), kStart), critical);
  EXPECT_EQ(gauge_.on_sample(use(0), kStart + seconds(5)), critical);
  EXPECT_EQ(gauge_.on_sample(use(0), kStart + kWarningHold - milliseconds(1)), critical);
}

TEST_F(PressureGaugeTest, FallsByMeasurementWhenTheHoldTimeIsOver) {
  gauge_.on_system_warning(kStart);
  EXPECT_EQ(gauge_.on_sample(use(10000), kStart + kWarningHold), normal);
}

TEST_F(PressureGaugeTest, DoesNotFallWithoutAMeasurement) {
  gauge_.on_system_warning(kStart);
  gauge_.on_sample(use(10000), kStart + kWarningHold - milliseconds(1));
  EXPECT_EQ(gauge_.pressure(), critical);
}

TEST_F(PressureGaugeTest, KeepsItsDistanceAfterTheHoldTimeToo) {
  gauge_.on_system_warning(kStart);
  EXPECT_EQ(gauge_.on_sample(use(82000), kStart + kWarningHold), critical);
  EXPECT_EQ(gauge_.on_sample(use(66000), kStart + kWarningHold), warning);
}

TEST_F(PressureGaugeTest, CountsTheHoldTimeFromTheLastWarning) {
  gauge_.on_system_warning(kStart);
  gauge_.on_system_warning(kStart + seconds(9));
  EXPECT_EQ(gauge_.on_sample(use(0), kStart + kWarningHold), critical);
  EXPECT_EQ(gauge_.on_sample(use(0), kStart + seconds(9) + kWarningHold), normal);
}

TEST_F(PressureGaugeTest, IsHeldByAWarningThatComesWhileItIsCriticalAlready) {
  sample(90000);
  gauge_.on_system_warning(kStart);
  EXPECT_EQ(gauge_.on_sample(use(0), kStart + seconds(1)), critical);
}

TEST_F(PressureGaugeTest, DoesNotTurnAWarningIntoALastingOne) {
  gauge_.on_system_warning(kStart);
  gauge_.on_sample(use(0), kStart + kWarningHold);
  EXPECT_EQ(gauge_.on_sample(use(75000), kStart + kWarningHold + seconds(1)), warning);
  EXPECT_EQ(gauge_.on_sample(use(0), kStart + kWarningHold + seconds(2)), normal);
}

}  // namespace
}  // namespace plimsoll::pressure
