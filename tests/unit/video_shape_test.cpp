#include "media/video_shape.h"

#include <gtest/gtest.h>

namespace plimsoll::media {
namespace {

// As `ffprobe -of flat` writes it.
const std::string kProbe =
    "programs.program.0.streams.stream.0.width=9\n"
    "streams.stream.0.width=1920\n"
    "streams.stream.0.height=1080\n"
    "streams.stream.0.pix_fmt=\"yuv420p\"\n"
    "streams.stream.0.sample_aspect_ratio=\"1:1\"\n"
    "streams.stream.0.duration=\"12.500000\"\n"
    "format.format_name=\"mov,mp4,m4a,3gp,3g2,mj2\"\n"
    "format.duration=\"13.000000\"\n";

std::string with(std::string line, const std::string& instead) {
  std::string probe = kProbe;
  return probe.replace(probe.find(line), line.size(), instead);
}

TEST(VideoShapeTest, SizeDurationAndIndexAreRead) {
  const auto shape = parse_video_shape(kProbe, "v");
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->stored.width, 1920);
  EXPECT_EQ(shape->shown.height, 1080);
  EXPECT_EQ(shape->duration_seconds, 12.5);
  EXPECT_TRUE(shape->seeks_to_keyframes);
}

TEST(VideoShapeTest, AStreamThatDoesNotSayHowLongItIsIsAsLongAsItsFile) {
  const auto shape = parse_video_shape(with("\"12.500000\"", "\"N/A\""), "v");
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->duration_seconds, 13);
}

TEST(VideoShapeTest, ATransportStreamIsNotTrustedToFindKeyframes) {
  EXPECT_FALSE(parse_video_shape(with("mov,mp4,m4a,3gp,3g2,mj2", "mpegts"), "v")->seeks_to_keyframes);
}

TEST(VideoShapeTest, AFrameIsAsLargeAsItsPixelFormatSays) {
  const auto bytes_a_pixel = [](const std::string& format) {
    const auto shape = parse_video_shape(with("yuv420p", format), "v");
    return static_cast<double>(shape->frame_bytes) / (1920 * 1080);
  };
  EXPECT_EQ(bytes_a_pixel("yuv420p"), 1.5);
  EXPECT_EQ(bytes_a_pixel("nv12"), 1.5);
  EXPECT_EQ(bytes_a_pixel("yuv420p10le"), 3);
  EXPECT_EQ(bytes_a_pixel("yuv444p"), 3);
  EXPECT_EQ(bytes_a_pixel("something new"), 3);
}

TEST(VideoShapeTest, ReferenceFramesAreBelievedWithinWhatCanBe) {
  EXPECT_EQ(parse_video_shape(kProbe, "v")->reference_frames, 1);
  EXPECT_EQ(parse_video_shape(kProbe + "streams.stream.0.refs=9\n", "v")->reference_frames, 9);
  EXPECT_EQ(parse_video_shape(kProbe + "streams.stream.0.refs=1e30\n", "v")->reference_frames, 16);
}

TEST(VideoShapeTest, AVideoOnItsSideIsShownUpright) {
  for (const std::string degrees : {"90", "-90", "270"}) {
    const auto shape = parse_video_shape(
        kProbe + "streams.stream.0.side_data_list.side_data.1.rotation=" + degrees + "\n", "v");
    EXPECT_EQ(shape->shown.width, 1080) << degrees;
    EXPECT_EQ(shape->shown.height, 1920) << degrees;
  }
}

TEST(VideoShapeTest, AVideoUpsideDownKeepsItsSize) {
  const auto shape =
      parse_video_shape(kProbe + "streams.stream.0.side_data_list.side_data.0.rotation=-180\n", "v");
  EXPECT_EQ(shape->shown.width, 1920);
}

TEST(VideoShapeTest, PixelsThatAreNotSquareMakeItSmallerNeverLarger) {
  const auto wide = parse_video_shape(with("\"1:1\"", "\"4:3\""), "v");
  EXPECT_EQ(wide->shown.width, 1920);
  EXPECT_EQ(wide->shown.height, 810);
  const auto narrow = parse_video_shape(with("\"1:1\"", "\"3:4\""), "v");
  EXPECT_EQ(narrow->shown.width, 1440);
  EXPECT_EQ(narrow->shown.height, 1080);
}

TEST(VideoShapeTest, UnknownPixelShapesAreSquare) {
  for (const std::string aspect : {"0:1", "N/A", "1:0", "-1:1", "x:y", ""}) {
    EXPECT_EQ(parse_video_shape(with("1:1", aspect), "v")->shown.height, 1080) << aspect;
  }
}

TEST(VideoShapeTest, WhatIsMissingOrCanNotBeIsAnInvalidArgumentThatNamesTheFile) {
  const std::string broken[] = {
      "",
      "\n\n=\n\"",
      std::string("\0\xff", 2),
      with("width=1920", "width=0"),
      with("width=1920", "width=-1920"),
      with("width=1920", "width=19200"),
      with("width=1920", "width=nan"),
      with("height=1080", "height=inf"),
      with("streams.stream.0.height", "streams.stream.1.height"),
      with("\"12.500000\"", "\"-1\"").replace(kProbe.find("format.duration") - 7, 15, "-"),
      kProbe.substr(0, kProbe.find("streams.stream.0.duration"))};
  for (const std::string& probe : broken) {
    const auto shape = parse_video_shape(probe, "film.mp4");
    ASSERT_FALSE(shape) << probe;
    EXPECT_EQ(shape.error().code, ErrorCode::invalid_argument);
    EXPECT_TRUE(shape.error().message.starts_with("film.mp4: ")) << shape.error().message;
  }
}

TEST(VideoShapeTest, ScalingKeepsProportionsGoesOnlyDownAndLeavesAPixel) {
  const auto expect_size = [](PixelSize seen, int width, int height) {
    EXPECT_EQ(seen.width, width);
    EXPECT_EQ(seen.height, height);
  };
  expect_size(scaled_down({1920, 1080}, 512), 512, 288);
  expect_size(scaled_down({1080, 1920}, 512), 288, 512);
  expect_size(scaled_down({320, 240}, 512), 320, 240);
  expect_size(scaled_down({10000, 1}, 512), 512, 1);
}

}  // namespace
}  // namespace plimsoll::media
