#include "media/video_timeline.h"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::media {
namespace {

VideoTimeline timeline_of(const std::string& text, std::size_t piece = std::string::npos) {
  TimelineReader reader;
  for (std::size_t at = 0; at < text.size(); at += std::min(piece, text.size())) {
    reader.add(std::string_view(text).substr(at, piece));
  }
  return reader.timeline();
}

std::string packet(double shown, double seconds = 0.1, bool key = false) {
  const std::string time = std::to_string(shown);
  return time + "," + time + "," + std::to_string(seconds) + ",100," + (key ? "K_" : "__") + "\n";
}

std::string packets(double from, int count, double seconds = 0.1) {
  std::string text;
  for (int i = 0; i < count; ++i) text += packet(from + i * seconds, seconds, i == 0);
  return text;
}

TEST(VideoTimelineTest, BeginAndEndAreThoseOfThePictures) {
  const auto timeline = timeline_of(packets(3600, 40));
  EXPECT_EQ(timeline.packets, 40U);
  EXPECT_TRUE(timeline.has_clock);
  EXPECT_NEAR(timeline.begin, 3600, 1e-6);
  EXPECT_NEAR(timeline.end, 3604, 1e-6);
  EXPECT_NEAR(timeline.frame_seconds, 0.1, 1e-6);
  EXPECT_TRUE(timeline.pauses.empty());
}

TEST(VideoTimelineTest, TheTextMayComeInPiecesOfAnyLength) {
  const std::string text = packets(0, 40);
  for (const std::size_t piece : {1U, 7U, 31U, 1000U}) {
    EXPECT_EQ(timeline_of(text, piece).packets, 40U) << piece;
    EXPECT_NEAR(timeline_of(text, piece).end, 4, 1e-6) << piece;
  }
}

TEST(VideoTimelineTest, PicturesThatAreDecodedAheadOfTheirTimeDoNotGoBack) {
  EXPECT_TRUE(
      timeline_of("0.0,-0.2,0.1,0,K_\n0.4,-0.1,0.1,0,__\n0.2,0.0,0.1,0,__\n0.1,0.1,0.1,0,__\n").has_clock);
  EXPECT_TRUE(
      timeline_of("0.0,N/A,0.1,0,K_\n0.4,N/A,0.1,0,__\n0.2,N/A,0.1,0,__\n0.1,N/A,0.1,0,__\n").has_clock);
}

TEST(VideoTimelineTest, PacketsWithoutTimesAreCounted) {
  const auto timeline = timeline_of("N/A,N/A,0.04,0,K_\nN/A,N/A,0.04,9,__\nN/A,N/A,0.04,20,__\n");
  EXPECT_EQ(timeline.packets, 3U);
  EXPECT_FALSE(timeline.has_clock);
  EXPECT_NEAR(timeline.frame_seconds, 0.04, 1e-9);
}

TEST(VideoTimelineTest, AClockThatBeginsAgainIsNone) {
  EXPECT_FALSE(timeline_of(packets(0, 40) + packets(0, 40)).has_clock);
  EXPECT_TRUE(timeline_of(packets(0, 40) + packets(4, 40)).has_clock);
}

TEST(VideoTimelineTest, AJumpIsAPause) {
  const auto timeline = timeline_of(packets(0, 10) + packets(3600, 10));
  EXPECT_TRUE(timeline.has_clock);
  ASSERT_EQ(timeline.pauses.size(), 1U);
  EXPECT_NEAR(timeline.pauses[0].begin, 0.9, 1e-6);
  EXPECT_NEAR(timeline.pauses[0].end, 3600, 1e-6);
}

TEST(VideoTimelineTest, WhatComesBeforeTheFirstKeyframeIsNoPicture) {
  const auto timeline = timeline_of(packet(0) + packet(0.1) + packets(5, 10));
  EXPECT_EQ(timeline.leading, 2U);
  EXPECT_EQ(timeline.packets, 10U);
  EXPECT_NEAR(timeline.begin, 5, 1e-6);
  EXPECT_EQ(timeline_of(packet(0) + packet(0.1)).packets, 2U) << "no keyframe at all";
}

TEST(VideoTimelineTest, OtherLinesAndNonsenseAreLeftOut) {
  const std::string text = "\n,,,\nside,data\nx,y,z,u,v\nstreams.stream.0.width=2\n" + packet(1, 0.1, true) +
                           "\0\xff,\n" + "9.9,9.9,0.1";
  const auto timeline = timeline_of(text + std::string(1 << 16, 'x'));
  EXPECT_EQ(timeline_of("").packets, 0U);
  EXPECT_NEAR(timeline.end, 1.1, 1e-6);
  for (const std::string bad : {"nan", "inf", "-inf", "1e300", "0x10", "1.5s"}) {
    EXPECT_FALSE(timeline_of(bad + "," + bad + "," + bad + "," + bad + ",K_\n").has_clock) << bad;
  }
}

}  // namespace
}  // namespace plimsoll::media
