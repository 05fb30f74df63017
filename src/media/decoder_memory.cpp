#include "media/decoder_memory.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "media/ffmpeg.h"

namespace plimsoll::media {

namespace {

constexpr int kMostReferences = 16;  // in H.264, H.265 and all before
constexpr int kMostHalvings = 3;

// What a demuxer keeps of each picture, and of the sound beside it: 133 MiB for ten hours in an MP4.
constexpr std::size_t kIndexBytesAFrame = 128;

// Frames in the size that they are stored in. All: with those that others refer to and those on their way.
// First: until the first picture is there. Measured with ffmpeg 5.1.9 and one thread, 320 to 3840 pixels
// wide: tests/device_lab/video_memory_test.cpp.
struct DecoderFrames {
  std::string_view codec;
  double all, first;
  bool halves;  // -lowres
};
constexpr double kBesideReferencesH264 = 5, kBesideReferencesHevc = 7;
constexpr DecoderFrames kUnknown{"", 21, 8, false};
constexpr std::array<DecoderFrames, 24> kDecoders = {{
    {"h264", kBesideReferencesH264, 6, false},
    {"hevc", kBesideReferencesHevc, 6, false},
    {"av1", 12, 3, false},
    {"vp9", 11, 3, false},
    {"vp8", 5, 2, false},
    {"theora", 6, 3, false},
    {"mpeg4", 6, 4, true},
    {"mpeg2video", 6, 4, true},
    {"mpeg1video", 6, 4, true},
    {"h263", 6, 4, true},
    {"flv1", 6, 4, true},
    {"msmpeg4v2", 6, 4, true},
    {"msmpeg4v3", 6, 4, true},
    {"wmv1", 6, 4, true},
    {"wmv2", 6, 4, false},
    {"wmv3", 6, 4, false},
    {"vc1", 6, 4, false},
    {"mjpeg", 3, 2, true},
    {"prores", 3, 3, false},
    {"dnxhd", 3, 3, false},
    {"dvvideo", 3, 2, false},
    {"gif", 3, 3, false},
    {"rawvideo", 3, 2, false},
    {"ffv1", 6, 4, false},
}};

const DecoderFrames& decoder_of(const VideoShape& shape) {
  const auto found = std::ranges::find(kDecoders, std::string_view(shape.codec), &DecoderFrames::codec);
  return found == kDecoders.end() ? kUnknown : *found;
}

// A level promises how much of a decoder its stream fills at most.
struct Level {
  int name;
  std::size_t limit;
};

// H.264, table A-1: macroblocks of all reference frames together (MaxDpbMbs).
constexpr std::array<Level, 12> kH264Levels = {{{10, 396},
                                                {11, 900},
                                                {20, 2376},
                                                {21, 4752},
                                                {30, 8100},
                                                {31, 18000},
                                                {32, 20480},
                                                {41, 32768},
                                                {42, 34816},
                                                {50, 110400},
                                                {52, 184320},
                                                {62, 696320}}};
// H.265, table A.8: luma samples of a picture (MaxLumaPs).
constexpr std::array<Level, 8> kHevcLevels = {{{30, 36864},
                                               {60, 122880},
                                               {63, 245760},
                                               {90, 552960},
                                               {93, 983040},
                                               {123, 2228224},
                                               {156, 8912896},
                                               {186, 35651584}}};

template <std::size_t Count>
std::size_t limit_at(const std::array<Level, Count>& levels, int level) {
  const auto found = std::ranges::find_if(levels, [&](const Level& each) { return level <= each.name; });
  return found == levels.end() || level <= 0 ? levels.back().limit : found->limit;
}

std::size_t blocks(int side) { return (static_cast<std::size_t>(side) + 15) / 16; }

int references_of_h264(const VideoShape& shape) {
  const std::size_t macroblocks = blocks(shape.stored.width) * blocks(shape.stored.height);
  return static_cast<int>(std::min<std::size_t>(
      limit_at(kH264Levels, shape.level) / std::max<std::size_t>(macroblocks, 1), kMostReferences));
}

// Section A.4.2: six pictures of the largest size that the level allows, more of smaller ones.
int references_of_hevc(const VideoShape& shape) {
  const std::size_t samples =
      static_cast<std::size_t>(shape.stored.width) * static_cast<std::size_t>(shape.stored.height);
  const std::size_t most = limit_at(kHevcLevels, shape.level);
  if (samples <= most / 4) return kMostReferences;
  if (samples <= most / 2) return 12;
  return samples <= most / 4 * 3 ? 8 : 6;
}

int references_of(const VideoShape& shape) {
  if (shape.codec == "h264") return std::max(references_of_h264(shape), 1);
  return shape.codec == "hevc" ? references_of_hevc(shape) : 0;
}

std::size_t bytes_for(const VideoShape& shape, double frames) {
  return kFfmpegBytes + shape.frames * kIndexBytesAFrame +
         static_cast<std::size_t>(frames * static_cast<double>(shape.frame_bytes));
}

}  // namespace

std::size_t decoding_bytes(const VideoShape& shape) {
  return bytes_for(shape, decoder_of(shape).all + references_of(shape));
}

// ffmpeg has a look at a picture in full size before it halves one; JPEGs alone are known without.
std::size_t keyframe_bytes(const VideoShape& shape, int halvings) {
  const double first = decoder_of(shape).first;
  if (halvings == 0) return bytes_for(shape, first);
  const double smaller = first / static_cast<double>(1U << (2U * static_cast<unsigned>(halvings)));
  return bytes_for(shape, shape.codec == "mjpeg" ? smaller + 0.25 : smaller + 1.5);
}

int halvings_while_decoding(const VideoShape& shape, int longest_side) {
  if (!decoder_of(shape).halves) return 0;
  const int longest = std::max(shape.stored.width, shape.stored.height);
  int halvings = 0;
  while (halvings < kMostHalvings && longest >> (halvings + 1) >= longest_side) ++halvings;
  return halvings;
}

}  // namespace plimsoll::media
