// What ffprobe says about a video.
#pragma once

#include <plimsoll/error.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace plimsoll::media {

struct PixelSize {
  int width = 0;
  int height = 0;
};

struct VideoShape {
  PixelSize stored;  // as its frames are coded
  PixelSize shown;   // turned upright, with square pixels: never larger than stored
  double duration_seconds = 0;
  std::size_t frame_bytes = 0;      // a decoded frame as it is stored
  int reference_frames = 0;         // at least so many a decoder keeps at once
  bool seeks_to_keyframes = false;  // its container has an index, so that reading may start anywhere
};

/// Reads the lines of `ffprobe -of flat`. `name` is for messages. Fails with `invalid_argument`: no video
/// stream, no duration, or sizes that can not be.
Expected<VideoShape> parse_video_shape(std::string_view probe, const std::string& name);

/// Scaled down so that the longest side is at most `longest_side`, never up.
PixelSize scaled_down(PixelSize size, int longest_side);

}  // namespace plimsoll::media
