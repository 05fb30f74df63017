#include "engine/video_prompt.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace plimsoll::engine {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string text_of(std::size_t frames) { return video_text(600, std::vector<double>(frames), "*"); }

TEST(VideoPromptTest, AVideoIsToldOfAsSmolVlm2WasTrained) {
  const std::vector<double> seconds = {0.5, 1.5, 61.9};
  EXPECT_EQ(video_text(63.2, seconds, "<pic>"),
            "You are provided the following series of three frames from a 0:01:03 [H:MM:SS] video.\n"
            "\nFrame from 00:00:<pic>"
            "\nFrame from 00:01:<pic>"
            "\nFrame from 01:01:<pic>"
            "\n\n");
}

TEST(VideoPromptTest, TheNumberOfFramesIsInWords) {
  const std::pair<std::size_t, std::string> numbers[] = {
      {1, "one"},     {9, "nine"},        {10, "ten"},   {12, "twelve"},     {19, "nineteen"},
      {20, "twenty"}, {21, "twenty-one"}, {40, "forty"}, {64, "sixty-four"}, {99, "ninety-nine"}};
  for (const auto& [count, words] : numbers) {
    EXPECT_THAT(text_of(count), StartsWith("You are provided the following series of " + words + " frames "));
  }
}

TEST(VideoPromptTest, AVideoOfHoursHasMinutesAboveAnHour) {
  const std::vector<double> seconds = {3600 + 2 * 60 + 3, 10 * 3600};
  const std::string text = video_text(10 * 3600 + 61, seconds, "");
  EXPECT_THAT(text, HasSubstr("from a 10:01:01 [H:MM:SS] video"));
  EXPECT_THAT(text, HasSubstr("\nFrame from 62:03:"));
  EXPECT_THAT(text, HasSubstr("\nFrame from 600:00:"));
}

int fits(int tokens_per_frame, int free_tokens) {
  return video_frames_that_fit([=](int frames) { return frames * tokens_per_frame; }, free_tokens);
}

TEST(VideoPromptTest, AsManyFramesFitAsTheFreeContextHolds) {
  EXPECT_EQ(fits(80, 800), 10);
  EXPECT_EQ(fits(80, 799), 9);
  EXPECT_EQ(fits(80, 80), 1);
}

TEST(VideoPromptTest, NeverMoreFramesThanTheModelWasTrainedWith) {
  EXPECT_EQ(fits(80, 80 * 64), 64);
  EXPECT_EQ(fits(80, 1 << 20), 64);
}

TEST(VideoPromptTest, NoFrameFitsWhereThereIsNoRoomForOne) {
  EXPECT_EQ(fits(80, 79), 0);
  EXPECT_EQ(fits(80, 0), 0);
  EXPECT_EQ(fits(80, -5000), 0);
}

// A film that is shorter than the frames asked for has no more of them.
TEST(VideoPromptTest, WhatIsThereAnywayCountsOnce) {
  const auto positions = [](int frames) { return 500 + 80 * std::min(frames, 12); };
  EXPECT_EQ(video_frames_that_fit(positions, 500 + 80 * 12), 64);
  EXPECT_EQ(video_frames_that_fit(positions, 500 + 80 * 12 - 1), 11);
}

}  // namespace
}  // namespace plimsoll::engine
