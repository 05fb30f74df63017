#include <gtest/gtest.h>
#include <plimsoll/device.h>

#include <limits>

namespace plimsoll {
namespace {

using enum DeviceMemoryTier;

// A class ends at a boundary: the boundary itself belongs to it, the next byte does not.
struct Boundary {
  Strategy strategy;
  std::uint64_t bytes;
  DeviceMemoryTier below;
  DeviceMemoryTier above;
};

TEST(ClassifyDevice, PutsEachBoundaryIntoTheLowerClass) {
  for (const Boundary& boundary : {Boundary{Strategy::legacy, 3 * kGiB, ultra_low, low},
                                   Boundary{Strategy::legacy, 4 * kGiB, low, standard},
                                   Boundary{Strategy::quick_fix, 2 * kGiB, ultra_low, low},
                                   Boundary{Strategy::quick_fix, 3 * kGiB, low, standard},
                                   Boundary{Strategy::tiered, 2 * kGiB, ultra_low, low},
                                   Boundary{Strategy::tiered, 3 * kGiB, low, standard},
                                   Boundary{Strategy::tiered, 6 * kGiB, standard, high}}) {
    SCOPED_TRACE(std::string(to_string(boundary.strategy)) + " " + format_size(boundary.bytes));
    EXPECT_EQ(classify_device(boundary.strategy, boundary.bytes - 1), boundary.below);
    EXPECT_EQ(classify_device(boundary.strategy, boundary.bytes), boundary.below);
    EXPECT_EQ(classify_device(boundary.strategy, boundary.bytes + 1), boundary.above);
  }
}

TEST(ClassifyDevice, HasAnAnswerForEverySize) {
  constexpr std::uint64_t kMost = std::numeric_limits<std::uint64_t>::max();
  for (const Strategy strategy : {Strategy::legacy, Strategy::quick_fix, Strategy::tiered}) {
    EXPECT_EQ(classify_device(strategy, 0), ultra_low);
    EXPECT_EQ(classify_device(strategy, 1), ultra_low);
  }
  EXPECT_EQ(classify_device(Strategy::legacy, kMost), standard);
  EXPECT_EQ(classify_device(Strategy::quick_fix, kMost), standard);
  EXPECT_EQ(classify_device(Strategy::tiered, kMost), high);
}

TEST(ClassifyDevice, CallsAFourGigabytePhoneStandardUnlessLegacy) {
  EXPECT_EQ(classify_device(Strategy::legacy, 4 * kGiB), low);
  EXPECT_EQ(classify_device(Strategy::quick_fix, 4 * kGiB), standard);
  EXPECT_EQ(classify_device(Strategy::tiered, 4 * kGiB), standard);
}

TEST(DeviceMemoryTier, HasItsNameAsText) {
  EXPECT_EQ(to_string(ultra_low), "ultra low");
  EXPECT_EQ(to_string(low), "low");
  EXPECT_EQ(to_string(standard), "standard");
  EXPECT_EQ(to_string(high), "high");
}

TEST(Strategy, IsReadBackFromItsName) {
  EXPECT_EQ(to_string(Strategy::legacy), "legacy");
  EXPECT_EQ(to_string(Strategy::quick_fix), "quick-fix");
  EXPECT_EQ(to_string(Strategy::tiered), "tiered");
  for (const Strategy strategy : {Strategy::legacy, Strategy::quick_fix, Strategy::tiered}) {
    EXPECT_EQ(strategy_from_string(to_string(strategy)), strategy);
  }
  for (const std::string_view name : {"", "quick_fix", "Tiered", "tiered ", "best"}) {
    EXPECT_EQ(strategy_from_string(name), std::nullopt) << name;
  }
}

}  // namespace
}  // namespace plimsoll
