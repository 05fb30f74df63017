#include "media/decoder_memory.h"

#include <gtest/gtest.h>

namespace plimsoll::media {
namespace {

constexpr std::size_t kMiB = std::size_t{1} << 20;

VideoShape shape_of(const std::string& codec, int width, int height, int level = 0, std::size_t bits = 12) {
  VideoShape shape{.codec = codec, .level = level, .stored = {width, height}, .shown = {width, height}};
  shape.frame_bytes = static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * bits / 8;
  return shape;
}

// Measured with ffmpeg 5.1.9, what was touched of anonymous memory: MiB.
TEST(DecoderMemoryTest, BoundsAreAboveWhatWasMeasuredAndNotAbsurd) {
  const struct {
    VideoShape shape;
    std::size_t all, keyframe;
  } measured[] = {
      {shape_of("h264", 1920, 1080, 40), 37, 26},
      {shape_of("h264", 1920, 1080, 51), 70, 27},
      {shape_of("h264", 3840, 2160, 51), 104, 71},
      {shape_of("h264", 3840, 2160, 60), 241, 69},
      {shape_of("h264", 3840, 2160, 51, 24), 165, 102},
      {shape_of("hevc", 1920, 1080, 120), 40, 26},
      {shape_of("hevc", 3840, 2160, 150), 122, 68},
      {shape_of("hevc", 3840, 2160, 150, 24), 194, 104},
      {shape_of("vp8", 3840, 2160), 47, 23},
      {shape_of("vp9", 3840, 2160), 77, 25},
      {shape_of("vp9", 3840, 2160, 0, 24), 136, 37},
      {shape_of("av1", 3840, 2160), 130, 25},
      {shape_of("av1", 3840, 2160, 0, 24), 237, 38},
      {shape_of("mpeg4", 3840, 2160), 65, 48},
      {shape_of("mpeg2video", 3840, 2160), 54, 40},
      {shape_of("mjpeg", 3840, 2160), 26, 24},
      {shape_of("prores", 3840, 2160, 0, 32), 51, 46},
      {shape_of("prores", 3840, 2160, 0, 64), 111, 92},
      {shape_of("gif", 3840, 2160, 0, 32), 49, 45},
      {shape_of("h264", 320, 180, 12), 13, 13},
  };
  for (const auto& [shape, all, keyframe] : measured) {
    const std::string which = shape.codec + " " + std::to_string(shape.stored.width) + " " +
                              std::to_string(shape.level) + " " + std::to_string(shape.frame_bytes);
    EXPECT_GE(decoding_bytes(shape), all * kMiB) << which;
    EXPECT_LE(decoding_bytes(shape), 2 * all * kMiB + 40 * kMiB) << which;
    EXPECT_GE(first_picture_bytes(shape, 0), keyframe * kMiB) << which;
    EXPECT_LE(first_picture_bytes(shape, 0), decoding_bytes(shape)) << which;
  }
}

TEST(DecoderMemoryTest, ALevelThatIsNotSaidCountsAsTheLargest) {
  EXPECT_EQ(decoding_bytes(shape_of("h264", 640, 360)), decoding_bytes(shape_of("h264", 640, 360, 62)));
  EXPECT_EQ(decoding_bytes(shape_of("hevc", 640, 360)), decoding_bytes(shape_of("hevc", 640, 360, 186)));
  EXPECT_EQ(decoding_bytes(shape_of("hevc", 640, 360, 1 << 30)), decoding_bytes(shape_of("hevc", 640, 360)));
}

TEST(DecoderMemoryTest, ACodecThatNobodyKnowsHasAsMuchAsAny) {
  EXPECT_GE(decoding_bytes(shape_of("new", 1920, 1080)), decoding_bytes(shape_of("h264", 1920, 1080)));
  EXPECT_GE(first_picture_bytes(shape_of("new", 1920, 1080), 0),
            first_picture_bytes(shape_of("h264", 1920, 1080), 0));
}

TEST(DecoderMemoryTest, AFilmOfHoursHasAnIndex) {
  VideoShape shape = shape_of("h264", 160, 120, 12);
  const std::size_t without = decoding_bytes(shape);
  shape.frames = 1080000;  // ten hours: 133 MiB with the sound
  EXPECT_GE(decoding_bytes(shape) - without, 128 * kMiB);
}

TEST(DecoderMemoryTest, KeyframesAloneTakeLessOnlyWhereOtherFramesRefer) {
  const VideoShape film = shape_of("hevc", 3840, 2160, 153);
  EXPECT_GE(keyframe_bytes(film, 0), 33 * kMiB);
  EXPECT_LT(keyframe_bytes(film, 0), first_picture_bytes(film, 0));
  const VideoShape jpegs = shape_of("mjpeg", 3840, 2160);
  EXPECT_EQ(keyframe_bytes(jpegs, 2), first_picture_bytes(jpegs, 2));
}

// Measured: 39, 57, 121 and 192 MiB.
TEST(DecoderMemoryTest, AnOpenGroupTakesAlmostAsMuchAsAllOfIt) {
  EXPECT_GE(open_group_bytes(shape_of("hevc", 1920, 1080, 120)), 39 * kMiB);
  EXPECT_GE(open_group_bytes(shape_of("hevc", 1920, 1080, 120, 24)), 57 * kMiB);
  EXPECT_GE(open_group_bytes(shape_of("hevc", 3840, 2160, 150)), 121 * kMiB);
  EXPECT_GE(open_group_bytes(shape_of("hevc", 3840, 2160, 150, 24)), 192 * kMiB);
  const VideoShape film = shape_of("hevc", 3840, 2160, 150);
  EXPECT_LT(open_group_bytes(film), decoding_bytes(film));
  EXPECT_EQ(open_group_bytes(shape_of("vp9", 640, 360)), decoding_bytes(shape_of("vp9", 640, 360)));
}

TEST(DecoderMemoryTest, SidesAreHalvedOnlyWhereTheCodecCanAndEnoughIsLeft) {
  EXPECT_EQ(halvings_while_decoding(shape_of("mjpeg", 3840, 2160), 512), 2);
  EXPECT_EQ(halvings_while_decoding(shape_of("mjpeg", 3840, 2160), 192), 3);
  EXPECT_EQ(halvings_while_decoding(shape_of("mjpeg", 640, 480), 512), 0);
  EXPECT_EQ(halvings_while_decoding(shape_of("h264", 3840, 2160, 51), 192), 0);
  const VideoShape jpegs = shape_of("mjpeg", 3840, 2160);
  EXPECT_LT(first_picture_bytes(jpegs, 2), 22 * kMiB);
  EXPECT_GE(first_picture_bytes(jpegs, 2), 15 * kMiB);
}

}  // namespace
}  // namespace plimsoll::media
