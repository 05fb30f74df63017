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

/// Times are seconds as the file's packets state them, unless they say otherwise.
struct VideoShape {
  std::string codec;  // ffmpeg's name for it, "h264"; empty: not said
  int level = 0;      // as the codec counts it; 0: not said
  PixelSize stored;   // as its frames are coded
  PixelSize shown;    // turned upright, with square pixels: never larger than stored

  double duration_seconds = 0;         // 0: not said
  double starts_at = 0;                // its first picture
  double file_starts_at = 0;           // its first picture or sound
  double frame_seconds = 0;            // from one picture to the next, mostly; 0: not said
  std::size_t frames = 0;              // by the container's index; 0: not said
  std::size_t frame_bytes = 0;         // a decoded frame as it is stored
  bool seeks_to_keyframes = false;     // its container has an index, so that reading may start anywhere
  bool clock_may_start_again = false;  // a stream for sending: its time stamps may jump where it was cut
};

/// Reads the lines of `ffprobe -of flat`. `name` is for messages. Fails with `invalid_argument`: no video
/// stream, or sizes that can not be.
Expected<VideoShape> parse_video_shape(std::string_view probe, const std::string& name);

/// Scaled down so that the longest side is at most `longest_side`, never up.
PixelSize scaled_down(PixelSize size, int longest_side);

}  // namespace plimsoll::media
