// The command lines of ffprobe and ffmpeg, both from the Debian package ffmpeg. Nothing in a file can make
// them open another one: only local files are allowed, and no format that is a list of files.
#pragma once

#include <filesystem>
#include <string>

#include "base/child_process.h"
#include "media/video_shape.h"

namespace plimsoll::media {

/// Writes what parse_video_shape() reads. Fails with `not_found` when the program is not installed.
Expected<ChildProcess> start_ffprobe(const std::filesystem::path& video);

/// Frames at equal distances.
struct FrameRun {
  double first_seconds = 0;
  double interval_seconds = 1;
  int count = 1;
  PixelSize size;  // that they are scaled to
};

/// Writes the frames' pixels, three bytes (RGB) each, one frame after the other; fewer frames where the video
/// ends or is damaged. `seek`: starts at the keyframe before the first one instead of decoding all before it.
/// Fails as start_ffprobe() does.
Expected<ChildProcess> start_ffmpeg(const std::filesystem::path& video, const FrameRun& run, bool seek);

/// The first line of what either wrote to stderr, without what only its authors understand.
std::string detail_of(const std::string& complaint);

}  // namespace plimsoll::media
