#include "media/frame_times.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::media {
namespace {

using testing::DoubleEq;
using testing::DoubleNear;
using testing::ElementsAre;
using testing::SizeIs;

TEST(FrameTimesTest, ThereIsOneFrameForEachSecondInItsMiddle) {
  EXPECT_THAT(spread_frame_times(3, 64), ElementsAre(DoubleEq(0.5), DoubleEq(1.5), DoubleEq(2.5)));
}

TEST(FrameTimesTest, ASecondThatIsNotWholeHasNoFrameOfItsOwn) {
  EXPECT_THAT(spread_frame_times(2.9, 64), ElementsAre(DoubleNear(0.725, 1e-9), DoubleNear(2.175, 1e-9)));
}

TEST(FrameTimesTest, AVideoShorterThanASecondHasOneFrame) {
  EXPECT_THAT(spread_frame_times(0.04, 64), ElementsAre(DoubleEq(0.02)));
}

TEST(FrameTimesTest, LongVideosHaveAsManyAsAreWantedSpreadOverAllOfIt) {
  EXPECT_THAT(spread_frame_times(600, 3), ElementsAre(DoubleEq(100), DoubleEq(300), DoubleEq(500)));
  EXPECT_THAT(spread_frame_times(36000, 64), SizeIs(64));
}

// Ten pictures in a second, an hour of nothing, and ten pictures more.
TEST(FrameTimesTest, APauseCountsAsTenSeconds) {
  const std::vector<Pause> pauses = {{1, 3601}};
  EXPECT_THAT(spread_frame_times(3602, 3, pauses), ElementsAre(DoubleEq(2), DoubleEq(6), DoubleEq(10)));
  EXPECT_THAT(spread_frame_times(3602, 12, pauses), testing::Contains(DoubleEq(3601.5)));
  EXPECT_THAT(spread_frame_times(3602, 64, pauses), SizeIs(12));
}

TEST(FrameTimesTest, PausesThatAreLongerThanTheVideoAreNone) {
  const std::vector<Pause> pauses = {{0, 500}};
  EXPECT_THAT(spread_frame_times(3, 64, pauses), SizeIs(3));
}

}  // namespace
}  // namespace plimsoll::media
