// A video is read by programs beside us: what one of them holds leaves with it, and a damaged file can at
// worst end it, not us.
#include <plimsoll/media.h>

#include <algorithm>
#include <optional>
#include <string_view>
#include <utility>

#include "media/ffmpeg.h"
#include "media/frame_times.h"
#include "media/picture_bytes.h"
#include "media/video_shape.h"

namespace plimsoll {

namespace {

using media::PixelSize;
using media::VideoShape;

constexpr int kMaxLongestSide = 65536;

// What an ffmpeg holds: its heap and the data of its libraries, the frames that others refer to, of which
// only H.264 says how many, and those on their way. Measured with ffmpeg 5.1.9 and one thread at 1920x1080:
// 36 MiB for H.264 with 4 references where this says 46, 70 with 16 (81), 42 for H.265 (46), 63 with 10 bits
// (75), 27 for VP9 (46), 41 for AV1 (46).
constexpr std::size_t kFfmpegBytes = std::size_t{16} << 20;
constexpr int kFewestReferenceFrames = 4;
constexpr int kFramesOnTheirWay = 6;

// Up to here decoding all between two frames costs less than starting anew at a keyframe, of which videos
// have one every 2 to 10 seconds.
constexpr double kLongestReadThrough = 4;  // seconds

// The few lines that ffprobe writes, for a file with hundreds of programs in it too.
constexpr std::size_t kLongestProbe = std::size_t{64} << 10;

std::size_t ffmpeg_bytes(const VideoShape& shape) {
  const int frames = std::max(shape.reference_frames, kFewestReferenceFrames) + kFramesOnTheirWay;
  return kFfmpegBytes + static_cast<std::size_t>(frames) * shape.frame_bytes;
}

Error about(const std::string& name, Error error) {
  error.message = name + ": " + error.message;
  return error;
}

std::string in_brackets(const std::string& detail) { return detail.empty() ? "" : " (" + detail + ")"; }

// "0:04:12"
std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  const auto two = [](long n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
}

Error signal_error(const std::string& program, const ChildEnd& end) {
  return {ErrorCode::io, "the program " + program + " was ended by signal " + std::to_string(end.signal) +
                             " while it read this video"};
}

Expected<VideoShape> probe(const VideoSource& source, const std::atomic<bool>* cancelled) {
  const std::string name = source.name();
  const auto failure = [&](Error error) { return tl::unexpected(about(name, std::move(error))); };
  auto child = media::start_ffprobe(source.path);
  if (!child) return tl::unexpected(child.error());
  std::vector<std::byte> text(kLongestProbe);
  const auto count = child->read(text, cancelled);
  if (!count) return failure(count.error());
  if (*count == text.size()) return failure({ErrorCode::invalid_argument, "ffprobe says too much about it"});
  const auto end = child->wait(cancelled);
  if (!end) return failure(end.error());
  if (end->signal != 0) return failure(signal_error("ffprobe", *end));
  if (end->exit_code != 0) {
    return failure({ErrorCode::invalid_argument, "not a video this program reads, or a damaged one" +
                                                     in_brackets(media::detail_of(end->complaint))});
  }
  return media::parse_video_shape({reinterpret_cast<const char*>(text.data()), *count}, name);
}

}  // namespace

class VideoFrames::Reader {
 public:
  Reader(VideoSource source, const VideoShape& shape, const VideoOptions& options, MemoryPool& pool,
         const std::atomic<bool>* cancelled);

  double duration_seconds() const { return shape_.duration_seconds; }
  const std::vector<double>& times() const { return times_; }
  Expected<VideoFrame> next();

 private:
  Expected<void> start_run();
  void end_run();
  Error why_missing(double seconds);

  const VideoSource source_;
  const VideoShape shape_;
  const PixelSize size_;
  const std::vector<double> times_;
  MemoryPool& pool_;
  const std::atomic<bool>* cancelled_;
  Reservation ffmpeg_memory_;
  std::optional<ChildProcess> ffmpeg_;
  std::size_t given_ = 0;    // frames
  std::size_t run_end_ = 0;  // how many are given when the ffmpeg that runs has none left
};

VideoFrames::Reader::Reader(VideoSource source, const VideoShape& shape, const VideoOptions& options,
                            MemoryPool& pool, const std::atomic<bool>* cancelled)
    : source_(std::move(source)),
      shape_(shape),
      size_(media::scaled_down(shape.shown, options.longest_side)),
      times_(media::spread_frame_times(shape.duration_seconds, options.max_frames)),
      pool_(pool),
      cancelled_(cancelled) {}

/// One run for all frames, or one for each where they are far apart.
Expected<void> VideoFrames::Reader::start_run() {
  const double interval = shape_.duration_seconds / static_cast<double>(times_.size());
  const bool seek = shape_.seeks_to_keyframes && interval > kLongestReadThrough;
  const std::size_t count = seek ? 1 : times_.size();
  auto reservation = pool_.reserve(MemoryHolder::media, ffmpeg_bytes(shape_));
  if (!reservation) return tl::unexpected(about(source_.name(), reservation.error()));
  auto started =
      media::start_ffmpeg(source_.path, {times_[given_], interval, static_cast<int>(count), size_}, seek);
  if (!started) return tl::unexpected(started.error());
  ffmpeg_.emplace(std::move(*started));
  ffmpeg_memory_ = std::move(*reservation);
  run_end_ = given_ + count;
  return {};
}

// What is decoded is looked at next, which takes memory too.
void VideoFrames::Reader::end_run() {
  ffmpeg_.reset();
  ffmpeg_memory_.release();
}

Error VideoFrames::Reader::why_missing(double seconds) {
  auto end = ffmpeg_->wait(cancelled_);
  if (!end) return end.error();
  if (end->signal != 0) return signal_error("ffmpeg", *end);
  return {ErrorCode::invalid_argument, "the video is damaged or cut short: it has no picture at " +
                                           clock_text(seconds) +
                                           in_brackets(media::detail_of(end->complaint))};
}

Expected<VideoFrame> VideoFrames::Reader::next() {
  const auto failure = [this](Error error) {
    return tl::unexpected(about(source_.name(), std::move(error)));
  };
  if (given_ == run_end_) {
    if (auto started = start_run(); !started) return tl::unexpected(started.error());
  }
  const std::size_t bytes =
      static_cast<std::size_t>(size_.width) * static_cast<std::size_t>(size_.height) * 3;
  auto pixels = pool_.allocate(MemoryHolder::media, bytes);
  if (!pixels) return failure(pixels.error());
  const auto count = ffmpeg_->read({pixels->data(), bytes}, cancelled_);
  if (!count) return failure(count.error());
  const double seconds = times_[given_];
  if (*count < bytes) return failure(why_missing(seconds));
  ffmpeg_memory_.mark_taken();  // what the first frame took the next ones use again
  if (++given_ == run_end_) end_run();
  return VideoFrame{seconds, {size_.width, size_.height, std::move(*pixels)}};
}

Expected<VideoFrames> VideoFrames::open(const VideoSource& source, const VideoOptions& options,
                                        MemoryPool& pool, const std::atomic<bool>* cancelled) {
  if (options.longest_side < 1 || options.longest_side > kMaxLongestSide || options.max_frames < 1) {
    return fail(ErrorCode::invalid_argument, source.name() +
                                                 ": a video needs room for at least one frame, of 1 to " +
                                                 std::to_string(kMaxLongestSide) + " pixels");
  }
  // Its sentences are better than those of ffprobe, which would wait for a named pipe.
  if (auto there = media::PictureBytes::open({source.path}); !there) return tl::unexpected(there.error());
  auto reservation = pool.reserve(MemoryHolder::media, kFfmpegBytes);
  if (!reservation) return tl::unexpected(about(source.name(), reservation.error()));
  auto shape = probe(source, cancelled);
  if (!shape) return tl::unexpected(shape.error());
  return VideoFrames(std::make_unique<Reader>(source, *shape, options, pool, cancelled));
}

VideoFrames::VideoFrames(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
VideoFrames::VideoFrames(VideoFrames&& other) noexcept = default;
VideoFrames& VideoFrames::operator=(VideoFrames&& other) noexcept = default;
VideoFrames::~VideoFrames() = default;

double VideoFrames::duration_seconds() const { return reader_->duration_seconds(); }

const std::vector<double>& VideoFrames::times() const { return reader_->times(); }

Expected<VideoFrame> VideoFrames::next() { return reader_->next(); }

}  // namespace plimsoll
