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

TEST(VideoShapeTest, AlphaAndFourWordsAPixelCount) {
  const auto bits_a_pixel = [](const std::string& format) {
    const auto shape = parse_video_shape(with("yuv420p", format), "v");
    return 8 * shape->frame_bytes / (1920 * 1080);
  };
  EXPECT_EQ(bits_a_pixel("yuv422p10le"), 32U);
  EXPECT_EQ(bits_a_pixel("yuva444p10le"), 64U);
  EXPECT_EQ(bits_a_pixel("bgra"), 32U);
  EXPECT_EQ(bits_a_pixel("p010le"), 24U);
  EXPECT_EQ(bits_a_pixel("gray"), 8U);
}

TEST(VideoShapeTest, CodecLevelFramesAndTheirDistanceAreRead) {
  const auto shape = parse_video_shape(kProbe +
                                           "streams.stream.0.codec_name=\"h264\"\n"
                                           "streams.stream.0.level=40\n"
                                           "streams.stream.0.avg_frame_rate=\"30000/1001\"\n"
                                           "streams.stream.0.nb_frames=\"375\"\n"
                                           "streams.stream.0.start_time=\"3600.5\"\n"
                                           "format.start_time=\"3600.0\"\n",
                                       "v");
  ASSERT_TRUE(shape) << shape.error().message;
  EXPECT_EQ(shape->codec, "h264");
  EXPECT_EQ(shape->level, 40);
  EXPECT_EQ(shape->frames, 375U);
  EXPECT_NEAR(shape->frame_seconds, 0.033367, 1e-6);
  EXPECT_EQ(shape->starts_at, 3600.5);
  EXPECT_EQ(shape->file_starts_at, 3600);
}

// As recorders write them that never came back to their header.
TEST(VideoShapeTest, ALengthThatIsMissingOrCanNotBeIsNone) {
  const auto without = [](const std::string& of_stream, const std::string& of_file) {
    std::string probe = with("\"12.500000\"", of_stream);
    return parse_video_shape(probe.replace(probe.find("\"13.000000\""), 11, of_file), "v");
  };
  for (const std::string none :
       {"\"N/A\"", "\"0\"", "\"-1\"", "\"429496729.500000\"", "\"nan\"", "\"inf\""}) {
    const auto shape = without(none, none);
    ASSERT_TRUE(shape) << none;
    EXPECT_EQ(shape->duration_seconds, 0) << none;
  }
  EXPECT_EQ(without("\"429496729.5\"", "\"13.0\"")->duration_seconds, 13);
  const auto frames = parse_video_shape(kProbe + "streams.stream.0.nb_frames=1073741824\n", "v");
  EXPECT_EQ(frames->frames, 0U);
}

TEST(VideoShapeTest, ARateThatCanNotBeIsNone) {
  for (const std::string rate : {"0/0", "1/0", "90000/1", "-1/1", "x", "1/100000"}) {
    const auto shape = parse_video_shape(kProbe + "streams.stream.0.avg_frame_rate=" + rate + "\n", "v");
    EXPECT_EQ(shape->frame_seconds, 0) << rate;
  }
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
  const std::string broken[] = {"",
                                "\n\n=\n\"",
                                std::string("\0\xff", 2),
                                with("width=1920", "width=0"),
                                with("width=1920", "width=-1920"),
                                with("width=1920", "width=19200"),
                                with("width=1920", "width=nan"),
                                with("height=1080", "height=inf"),
                                with("streams.stream.0.height", "streams.stream.1.height")};
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
