// Videos made by ffmpeg on the spot. Where it is not installed these tests are skipped; what it may do
// wrong is in video_programs_test.cpp.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <plimsoll/media.h>

#include <array>
#include <fstream>
#include <string>

#include "tests/unit/made_videos.h"

namespace plimsoll {
namespace {

namespace fs = std::filesystem;
using test::VideoFramesTest;
using testing::HasSubstr;

TEST_F(VideoFramesTest, EachSecondIsShownByTheFrameInItsMiddle) {
  auto frames = open(make_numbered("v.mp4", 10, 4));
  ASSERT_TRUE(frames) << frames.error().message;
  EXPECT_NEAR(frames->duration_seconds(), 4, 0.01);
  ASSERT_EQ(frames->times().size(), 4U);
  for (int i = 0; i < 4; ++i) {
    const auto frame = frames->next();
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_NEAR(frame->seconds, i + 0.5, 0.01);
    EXPECT_EQ(number_of(*frame), i * 10 + 5);
  }
}

TEST_F(VideoFramesTest, FramesFarApartAreSoughtAndAreTheSame) {
  for (const std::string name : {"v.mp4", "v.mkv", "v.ts"}) {
    auto frames = open(make_numbered(name, 1, 60), {.max_frames = 3});
    ASSERT_TRUE(frames) << frames.error().message;
    for (const int second : {10, 30, 50}) {
      const auto frame = frames->next();
      ASSERT_TRUE(frame) << name << ": " << frame.error().message;
      EXPECT_NEAR(frame->seconds, second, 0.1);
      EXPECT_NEAR(number_of(*frame), second, 1) << name;
    }
  }
}

TEST_F(VideoFramesTest, APictureIsShownUntilTheNextOneComes) {
  auto frames = open(make_numbered("slides.mp4", 0.125, 24), {.max_frames = 4});
  ASSERT_TRUE(frames) << frames.error().message;
  for (const int slide : {0, 1, 1, 2}) {  // after 3, 9, 15 and 21 seconds
    const auto frame = frames->next();
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(number_of(*frame), slide) << frame->seconds;
  }
}

TEST_F(VideoFramesTest, SoundThatGoesOnAfterTheLastPictureIsNoDamage) {
  const fs::path path = make("sound.mkv", "color=red:size=64x48:rate=10:duration=4",
                             {"-f", "lavfi", "-i", "sine=duration=5.5", "-c:v", "mpeg4", "-c:a", "flac"});
  auto frames = open(path);
  ASSERT_TRUE(frames) << frames.error().message;
  ASSERT_EQ(frames->times().size(), 5U);
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(frames->next()) << i;
}

TEST_F(VideoFramesTest, TheLongestSideIsWhatWasAskedForAndNeverMore) {
  const fs::path path = make_numbered("v.mp4", 5, 1);
  auto small = open(path, {.longest_side = 20})->next();
  ASSERT_TRUE(small) << small.error().message;
  EXPECT_EQ(small->image.width, 20);
  EXPECT_EQ(small->image.height, 15);
  auto full = open(path, {.longest_side = 512})->next();
  ASSERT_TRUE(full) << full.error().message;
  EXPECT_EQ(full->image.width, 64);
  EXPECT_EQ(full->image.height, 48);
}

TEST_F(VideoFramesTest, AVideoFilmedOnItsSideIsTurnedUpright) {
  make("plain.mp4", "color=red:size=64x32:rate=5:duration=1,drawbox=w=32:h=32:color=blue:t=fill",
       {"-c:v", "mpeg4"});
  ASSERT_EQ(run({"ffmpeg", "-v", "error", "-i", (folder_.path() / "plain.mp4").string(), "-c", "copy",
                 "-metadata:s:v:0", "rotate=90", (folder_.path() / "turned.mp4").string()}),
            0);
  auto frame = open(folder_.path() / "turned.mp4")->next();
  ASSERT_TRUE(frame) << frame.error().message;
  ASSERT_EQ(frame->image.width, 32);
  ASSERT_EQ(frame->image.height, 64);
  const auto top = color_at(frame->image, 16, 16), bottom = color_at(frame->image, 16, 48);
  EXPECT_NE(top[2] > top[0], bottom[2] > bottom[0]);
}

TEST_F(VideoFramesTest, PixelsThatAreNotSquareAreMadeSo) {
  auto frame =
      open(make("v.mp4", "color=red:size=64x48:rate=5:duration=1,setsar=4/3", {"-c:v", "mpeg4"}))->next();
  ASSERT_TRUE(frame) << frame.error().message;
  EXPECT_EQ(frame->image.width, 64);
  EXPECT_EQ(frame->image.height, 36);
}

TEST_F(VideoFramesTest, OneFrameIsInMemoryAtATime) {
  auto frames = open(make_numbered("v.mp4", 1, 30), {.max_frames = 3});
  ASSERT_TRUE(frames) << frames.error().message;
  for (int i = 0; i < 3; ++i) {
    const auto frame = frames->next();
    ASSERT_TRUE(frame) << frame.error().message;
    EXPECT_EQ(pool_->ledger().of(MemoryHolder::media), frame->image.pixels.size());
  }
  EXPECT_EQ(pool_->active_memory(), 0U);
}

TEST_F(VideoFramesTest, ARefusedFrameSaysWhoHoldsWhatAndLeavesNothing) {
  const fs::path path = make_numbered("v.mp4", 5, 2);
  pool_->set_memory_limit(1 << 20);
  const auto opened = open(path);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::over_budget);
  ASSERT_TRUE(opened.error().denial);
  EXPECT_EQ(opened.error().denial->holder, "media");

  pool_->set_memory_limit({});
  auto frames = open(path);
  pool_->set_memory_limit(1 << 20);
  const auto frame = frames->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::over_budget);
  EXPECT_EQ(pool_->active_memory(), 0U);
}

TEST_F(VideoFramesTest, AVideoThatIsCutShortFailsAtTheFrameThatIsNotThere) {
  for (const std::string name : {"v.mp4", "v.mkv", "v.avi"}) {
    for (const int max_frames : {3, 60}) {  // sought, and read through
      const fs::path path = make_numbered(name, 1, 60);
      cut_to_half(path);
      auto frames = open(path, {.max_frames = max_frames});
      if (!frames) {  // the index was at its end
        EXPECT_EQ(frames.error().code, ErrorCode::invalid_argument);
        fs::remove(path);
        continue;
      }
      Expected<VideoFrame> frame = VideoFrame{};
      int count = 0;
      while (count < max_frames && (frame = frames->next())) ++count;
      ASSERT_FALSE(frame) << name;
      EXPECT_GT(count, 0) << name;
      EXPECT_EQ(frame.error().code, ErrorCode::invalid_argument) << frame.error().message;
      EXPECT_THAT(frame.error().message, HasSubstr("damaged or cut short"));
      fs::remove(path);
    }
  }
}

TEST_F(VideoFramesTest, AVideoThatIsOverwrittenHalfWayFailsThere) {
  const fs::path path = make_numbered("v.mp4", 1, 60);
  const auto size = static_cast<std::streamoff>(fs::file_size(path));
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(size / 2);
  file << std::string(static_cast<std::size_t>(size / 3), '\xA5');
  file.close();
  auto frames = open(path);
  ASSERT_TRUE(frames) << frames.error().message;
  Expected<VideoFrame> frame = VideoFrame{};
  for (std::size_t i = 0; frame && i < frames->times().size(); ++i) frame = frames->next();
  ASSERT_FALSE(frame);
  EXPECT_EQ(frame.error().code, ErrorCode::invalid_argument);
}

TEST_F(VideoFramesTest, SoundAloneIsNoVideo) {
  const auto opened = open(make("sound.m4a", "sine=duration=1", {"-c:a", "aac"}));
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(opened.error().message, HasSubstr("no moving pictures"));
}

TEST_F(VideoFramesTest, AFileThatListsOtherFilesIsNotOpened) {
  const fs::path video = make_numbered("v.mp4", 5, 1);
  const fs::path concat = folder_.path() / "list.ffconcat", playlist = folder_.path() / "list.m3u8";
  std::ofstream(concat) << "ffconcat version 1.0\nfile v.mp4\nduration 1\n";
  std::ofstream(playlist) << "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nv.mp4\n#EXT-X-ENDLIST\n";
  for (const fs::path& list : {concat, playlist}) {
    const auto opened = open(list);
    ASSERT_FALSE(opened) << list;
    EXPECT_EQ(opened.error().code, ErrorCode::invalid_argument) << opened.error().message;
  }
}

TEST_F(VideoFramesTest, NoNameOfAFileIsAnOptionOrAnAddress) {
  const fs::path video = make_numbered("v.mp4", 5, 1);
  const fs::path before = fs::current_path();
  fs::current_path(folder_.path());
  fs::create_directory("http:");
  for (const std::string name : {"-i", "--help", "http:/v.mp4", "concat:v.mp4|v.mp4", "file:v.mp4", "%d"}) {
    fs::copy_file(video, name);
    auto frames = open(name);
    EXPECT_TRUE(frames && frames->next()) << name;
  }
  fs::current_path(before);
}

TEST_F(VideoFramesTest, WhatIsNotAVideoSaysSo) {
  const fs::path text = folder_.path() / "text.mp4", empty = folder_.path() / "empty.mp4";
  std::ofstream(text) << "a few words\n";
  std::ofstream(empty).close();
  EXPECT_EQ(open(text).error().code, ErrorCode::invalid_argument);
  EXPECT_THAT(open(text).error().message, HasSubstr("not a video"));
  EXPECT_EQ(open(empty).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(open(folder_.path()).error().code, ErrorCode::io);
  EXPECT_EQ(open(folder_.path() / "none.mp4").error().code, ErrorCode::not_found);
}

TEST_F(VideoFramesTest, ACancelThatCameBeforeIsHeard) {
  const fs::path path = make_numbered("v.mp4", 5, 1);
  std::atomic<bool> cancelled = false;
  auto frames = VideoFrames::open({path}, {}, *pool_, &cancelled);
  ASSERT_TRUE(frames) << frames.error().message;
  cancelled = true;
  EXPECT_EQ(frames->next().error().code, ErrorCode::cancelled);
  EXPECT_EQ(VideoFrames::open({path}, {}, *pool_, &cancelled).error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace plimsoll
