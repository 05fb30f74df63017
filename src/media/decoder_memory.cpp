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

// How many frames in the size that they are stored in. All: with those that others refer to and those on
// their way; what is said of references comes on top. First: until the first picture is there. Measured with
// ffmpeg 5.1.9 and one thread, 320 to 3840 pixels wide (tests/unit/decoder_memory_test.cpp).
struct DecoderFrames {
  std::string_view codec;
  double all, first;
  double motion_bytes_a_pixel = 0;  // that a frame keeps for the ones that refer to it
  bool halves = false;              // -lowres
};
constexpr DecoderFrames kUnknown{"", 18, 6, 0.75};
constexpr std::array<DecoderFrames, 24> kDecoders = {{
    {"h264", 2, 3.75, 0.5},
    {"hevc", 1, 3.25, 0.75},
    {"av1", 11, 2},
    {"vp9", 10, 2},
    {"vp8", 4, 2},
    {"theora", 5, 3},
    {"mpeg4", 5.5, 3.5, 0, true},
    {"mpeg2video", 5.5, 3.5, 0, true},
    {"mpeg1video", 5.5, 3.5, 0, true},
    {"h263", 5.5, 3.5, 0, true},
    {"flv1", 5.5, 3.5, 0, true},
    {"msmpeg4v2", 5.5, 3.5, 0, true},
    {"msmpeg4v3", 5.5, 3.5, 0, true},
    {"wmv1", 5.5, 3.5, 0, true},
    {"wmv2", 5.5, 3.5},
    {"wmv3", 5.5, 3.5},
    {"vc1", 5.5, 3.5},
    {"mjpeg", 2.5, 1.5, 0, true},
    {"prores", 2.5, 1.75},
    {"dnxhd", 2.5, 1.75},
    {"dvvideo", 2.5, 2.5},
    {"gif", 2.5, 1.75},
    {"rawvideo", 2.5, 2},
    {"ffv1", 5.5, 3.5},
}};

// A keyframe that begins anew, and the next one, which says that the first is complete.
constexpr double kKeyframes = 2.25;
constexpr double kBesideEmptyFrames = 0.25;

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
  const double pixels = static_cast<double>(shape.stored.width) * shape.stored.height;
  const double frame =
      static_cast<double>(shape.frame_bytes) + pixels * decoder_of(shape).motion_bytes_a_pixel;
  return kFfmpegBytes + shape.frames * kIndexBytesAFrame + static_cast<std::size_t>(frames * frame);
}

}  // namespace

std::size_t decoding_bytes(const VideoShape& shape) {
  return bytes_for(shape, decoder_of(shape).all + references_of(shape));
}

// ffmpeg has a look at a picture in full size before it halves one; JPEGs alone are known without.
std::size_t first_picture_bytes(const VideoShape& shape, int halvings) {
  const double first = decoder_of(shape).first;
  if (halvings == 0) return bytes_for(shape, first);
  const double smaller = first / static_cast<double>(1U << (2U * static_cast<unsigned>(halvings)));
  return bytes_for(shape, shape.codec == "mjpeg" ? smaller + 0.25 : smaller + 1.5);
}

std::size_t open_group_bytes(const VideoShape& shape) {
  return shape.codec == "hevc" ? bytes_for(shape, references_of(shape) + kBesideEmptyFrames)
                               : decoding_bytes(shape);
}

std::size_t keyframe_bytes(const VideoShape& shape, int halvings) {
  const bool saves = shape.codec == "h264" || shape.codec == "hevc";
  return saves ? bytes_for(shape, kKeyframes) : first_picture_bytes(shape, halvings);
}

int halvings_while_decoding(const VideoShape& shape, int longest_side) {
  if (!decoder_of(shape).halves) return 0;
  const int longest = std::max(shape.stored.width, shape.stored.height);
  int halvings = 0;
  while (halvings < kMostHalvings && longest >> (halvings + 1) >= longest_side) ++halvings;
  return halvings;
}

}  // namespace plimsoll::media
