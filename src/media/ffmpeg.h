// The command lines of ffprobe and ffmpeg, both from the Debian package ffmpeg. Nothing in a file can make
// them open another one: only local files are allowed, and no format that is a list of files.
#pragma once

#include <filesystem>
#include <optional>

#include "base/child_process.h"
#include "media/video_shape.h"

namespace plimsoll::media {

/// What either holds before it decodes anything: its heap, and the data of its libraries.
inline constexpr std::size_t kFfmpegBytes = std::size_t{14} << 20;

/// Each function below starts a program that the kernel holds to `memory_bytes`, more or less: libraries have
/// data that nobody touches, and which counts. Fails with `not_found` when the program is not installed.

/// How much of a file ffprobe reads to know what is in it.
enum class FirstLook { usual, long_one };

/// Writes what parse_video_shape() reads.
Expected<ChildProcess> start_ffprobe(const std::filesystem::path& video, FirstLook look,
                                     std::size_t memory_bytes);

/// Writes what TimelineReader reads: a line for each packet of the pictures, from the keyframe before `from`
/// on, else from the beginning.
Expected<ChildProcess> start_packet_list(const std::filesystem::path& video, std::optional<double> from,
                                         std::size_t memory_bytes);

/// Frames at equal distances; times are seconds since the beginning of the file.
struct FrameRun {
  double first_seconds = 0;
  double interval_seconds = 1;
  int count = 1;
  PixelSize size;                // that they are scaled to
  double hold_last_seconds = 2;  // how long the last picture is shown

  /// Above 0: time stamps are not believed, each picture is shown for so long.
  double frame_seconds = 0;
  /// Share of the pictures that may be damaged; with more of them it ends with kTooManyDamaged.
  double damaged = 0.25;
};

/// Exit code of a run in which too many pictures were damaged.
inline constexpr int kTooManyDamaged = 69;

/// Writes the frames' pixels, three bytes (RGB) each, one frame after the other; fewer frames where the video
/// ends. `seek`: starts at the keyframe before the first one instead of decoding all before it.
Expected<ChildProcess> start_ffmpeg(const std::filesystem::path& video, const FrameRun& run, bool seek,
                                    std::size_t memory_bytes);

/// The same for one picture that takes little memory to decode: the first one from the keyframe before
/// `run.first_seconds` on. `halvings`: of its sides while it is decoded, for codecs that can.
/// `only_keyframes`: no other picture is decoded.
Expected<ChildProcess> start_first_picture(const std::filesystem::path& video, const FrameRun& run,
                                           int halvings, bool only_keyframes, std::size_t memory_bytes);

/// Whether what a program wrote to stderr says that it got no memory.
bool says_no_memory(const std::string& complaint);

}  // namespace plimsoll::media
