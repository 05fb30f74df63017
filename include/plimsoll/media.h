// Pictures and videos: from a file or bytes to pixels of the size that is needed, in bounded memory.
#pragma once

#include <plimsoll/error.h>
#include <plimsoll/memory.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>
#include <vector>

namespace plimsoll {

/// Pictures above this many pixels are refused from their header, before anything is decoded.
inline constexpr std::uint64_t kMaxImagePixels = 512ULL * 1000 * 1000;

/// A picture as it came: a file on disk, or the bytes of one.
struct ImageSource {
  std::variant<std::filesystem::path, std::string> content;
  std::string label{};  // where the bytes come from
  /// How messages call it: the path, or the label, or "picture".
  std::string name() const;
};

/// Rows from top to bottom, pixels from left to right, three bytes (red, green, blue; sRGB) each, no
/// padding. The memory is charged to `media`.
struct Image {
  int width = 0;   // pixels
  int height = 0;  // pixels
  Buffer pixels;   // at least width * height * 3 bytes
};

/// Decodes JPEG, PNG, WebP, GIF (first frame) and TIFF so that the longest side is at most
/// `longest_side` pixels (never scaled up), with the EXIF orientation applied and transparency laid
/// over white. Blocking: takes as long as the file is large. Thread-safe.
///
/// `cancelled`, when given, is read while rows are produced.
/// Fails with `not_found` or `io` (the file), `invalid_argument` (not a picture, damaged, cut short, or
/// over kMaxImagePixels), `over_budget`, or `cancelled`.
Expected<Image> decode_image(const ImageSource& source, int longest_side, MemoryPool& pool,
                             const std::atomic<bool>* cancelled = nullptr);

/// The same picture in exactly `width` x `height` pixels, its proportions changed where these are others.
/// Blocking, milliseconds. Thread-safe. Fails with `over_budget`, `out_of_memory` or `internal`.
Expected<Image> stretch_image(const Image& image, int width, int height, MemoryPool& pool);

/// A video: a file on disk, read by the programs ffprobe and ffmpeg.
struct VideoSource {
  std::filesystem::path path;
  std::string name() const { return path.string(); }
};

/// As many frames of one video as SmolVLM2 was trained to see.
inline constexpr int kMaxVideoFrames = 64;

struct VideoOptions {
  int max_frames = kMaxVideoFrames;
  int longest_side = 512;  // pixels; a smaller video is not scaled up
};

struct VideoFrame {
  double seconds = 0;  // since the beginning of the video
  Image image;
};

/// The frames of a video that stand for all of it: at most one a second, at most `max_frames`, at least one,
/// spread evenly. Turned upright, with the proportions they are meant to be shown in. Decoded one after the
/// other as they are asked for, by an ffmpeg whose memory is charged to `media` while it runs.
/// Belongs to one thread. Move-only.
class VideoFrames {
 public:
  /// Blocking, a few tenths of a second: asks ffprobe what the video is and how long its pictures go on.
  /// Longer, up to a minute, for a large file that does not say or says what is not so: that is read to its
  /// end. `pool` and `cancelled` outlive what this returns. Fails with `not_found` (the file, or the
  /// programs), `io` (the file), `invalid_argument` (not a video, or one without a single picture),
  /// `over_budget`, `out_of_memory`, or `cancelled`.
  static Expected<VideoFrames> open(const VideoSource& source, const VideoOptions& options, MemoryPool& pool,
                                    const std::atomic<bool>* cancelled = nullptr);
  VideoFrames(VideoFrames&& other) noexcept;
  VideoFrames& operator=(VideoFrames&& other) noexcept;
  ~VideoFrames();  // kills the ffmpeg that may run, and waits until the system has ended it

  double duration_seconds() const;
  /// Of the frames that next() gives, in order; seconds since the beginning.
  const std::vector<double>& times() const;

  /// Spreads other times over the video, at most `max_frames`. REQUIRES: max_frames > 0, and next() has not
  /// been called.
  void spread(int max_frames);

  /// The next frame. Blocking, as long as decoding takes; returns within 50 ms of a cancel. A picture that is
  /// damaged or not there is shown by the one before it, as a player does. Where that is more than a quarter
  /// of the video, it fails with `invalid_argument`, at the latest at the last frame. Where there is not the
  /// memory for what a frame takes, it is the keyframe before it; where there is not even that, fails with
  /// `over_budget`. Otherwise as open(). REQUIRES: called at most times().size() times, and not after it
  /// failed.
  Expected<VideoFrame> next();

 private:
  class Reader;
  explicit VideoFrames(std::unique_ptr<Reader> reader);
  std::unique_ptr<Reader> reader_;
};

}  // namespace plimsoll
