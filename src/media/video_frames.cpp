// A video is read by programs beside us: what one of them holds leaves with it, and a damaged file can at
// worst end it, not us.
#include <plimsoll/media.h>

#include <algorithm>
#include <csignal>
#include <optional>
#include <utility>

#include "media/decoder_memory.h"
#include "media/ffmpeg.h"
#include "media/frame_times.h"
#include "media/video_file.h"
#include "media/video_probe.h"

namespace plimsoll {

namespace {

using media::Film;
using media::PixelSize;

constexpr int kMaxLongestSide = 65536;

// Up to here decoding all between two frames costs less than starting anew at a keyframe, of which videos
// have one every 2 to 10 seconds.
constexpr double kLongestReadThrough = 4;  // seconds

constexpr double kUsualKeyframeDistance = 2;  // seconds

// A stream for sending has no index, but ffmpeg finds a moment in it all the same, some seconds off. Beyond
// this distance that is near enough, and decoding all of it would take minutes.
constexpr double kLongestExact = 30;  // seconds

// A player goes on where a picture is damaged or missing, and shows the one before it. So do we, as long as
// what is shown is still the film: up to this share of it.
constexpr double kMayBeMissing = 0.25;

// A picture is shown until the next one comes. Containers say that the last one is shown a little longer than
// its stream does: as long as the sound goes on, for example.
constexpr double kEndSlackSeconds = 2;

// How a frame is decoded, from what shows it best to what takes least memory. The last three show the
// keyframe before it, or one soon after that.
enum class Way { all, all_in_twice_as_much, first_of_open_group, first_picture, keyframe };

Error about(const std::string& name, Error error) {
  error.message = name + ": " + error.message;
  return error;
}

bool is_refusal(const Error& error) {
  return error.code == ErrorCode::over_budget || error.code == ErrorCode::out_of_memory;
}

// "0:04:12"
std::string clock_text(double seconds) {
  const auto whole = static_cast<long>(seconds);
  const auto two = [](long n) { return (n < 10 ? "0" : "") + std::to_string(n); };
  return std::to_string(whole / 3600) + ":" + two(whole / 60 % 60) + ":" + two(whole % 60);
}

}  // namespace

class VideoFrames::Reader {
 public:
  Reader(VideoSource source, Film film, const VideoOptions& options, MemoryPool& pool,
         const std::atomic<bool>* cancelled);

  double duration_seconds() const { return film_.duration_seconds; }
  const std::vector<double>& times() const { return times_; }
  void spread(int max_frames);
  Expected<VideoFrame> next();

 private:
  // What came of the wish for a frame's pixels.
  enum class Outcome { there, missing, no_memory };

  bool seeks() const;
  std::size_t bytes_of(Way way) const;
  std::optional<Way> cheaper_way() const;
  Expected<void> start_run(double at);
  Expected<ChildProcess> start_ffmpeg(double at, std::size_t count, std::size_t bytes) const;
  void end_run();
  Expected<Outcome> read_pixels(Buffer& pixels, std::size_t bytes);
  Expected<Outcome> outcome_of_end(ChildEnd end, bool complete);
  Expected<void> try_again(Outcome outcome);
  std::optional<double> instead_of_missing();
  Error missing_error(double seconds) const;

  const VideoSource source_;
  const Film film_;
  const int longest_side_;
  const PixelSize size_;
  std::vector<double> times_;
  MemoryPool& pool_;
  const std::atomic<bool>* cancelled_;
  Way way_ = Way::all;
  bool skims_ = false;  // keyframes are shown because that is quick
  Reservation ffmpeg_memory_;
  std::optional<ChildProcess> ffmpeg_;
  std::size_t given_ = 0;            // frames
  std::size_t run_end_ = 0;          // how many are given when the ffmpeg that runs has none left
  std::optional<double> last_seen_;  // the time of a frame that could be decoded
  std::size_t missing_ = 0;          // frames that others stand for
  std::size_t tried_ = 0;            // others, for the frame that is missing now
};

VideoFrames::Reader::Reader(VideoSource source, Film film, const VideoOptions& options, MemoryPool& pool,
                            const std::atomic<bool>* cancelled)
    : source_(std::move(source)),
      film_(std::move(film)),
      longest_side_(options.longest_side),
      size_(media::scaled_down(film_.shape.shown, options.longest_side)),
      pool_(pool),
      cancelled_(cancelled) {
  spread(options.max_frames);
}

void VideoFrames::Reader::spread(int max_frames) {
  times_ = media::spread_frame_times(film_.duration_seconds, max_frames, film_.pauses);
  const double interval = film_.duration_seconds / static_cast<double>(times_.size());
  skims_ = film_.shape.clock_may_start_again && film_.frame_seconds == 0 && interval > kLongestExact;
  way_ = skims_ ? Way::first_picture : Way::all;
}

/// Whether each frame has an ffmpeg of its own, which begins at the keyframe before it.
bool VideoFrames::Reader::seeks() const {
  if (way_ >= Way::first_of_open_group) return true;
  const double interval = film_.duration_seconds / static_cast<double>(times_.size());
  const bool far_apart = interval > kLongestReadThrough || !film_.pauses.empty();
  return film_.shape.seeks_to_keyframes && film_.frame_seconds == 0 && far_apart;
}

std::size_t VideoFrames::Reader::bytes_of(Way way) const {
  const auto& shape = film_.shape;
  const int halvings = media::halvings_while_decoding(shape, longest_side_);
  if (way == Way::first_of_open_group) return media::open_group_bytes(shape);
  if (way == Way::first_picture) return media::first_picture_bytes(shape, halvings);
  if (way == Way::keyframe) return media::keyframe_bytes(shape, halvings);
  return media::decoding_bytes(shape) * (way == Way::all ? 1 : 2);
}

/// Without time stamps there is no way to a keyframe in the middle.
std::optional<Way> VideoFrames::Reader::cheaper_way() const {
  if (film_.frame_seconds > 0) return std::nullopt;
  for (const Way way : {Way::first_of_open_group, Way::first_picture, Way::keyframe}) {
    if (way > way_ && bytes_of(way) < bytes_of(way_)) return way;
  }
  return std::nullopt;
}

Expected<ChildProcess> VideoFrames::Reader::start_ffmpeg(double at, std::size_t count,
                                                         std::size_t bytes) const {
  const double interval = film_.duration_seconds / static_cast<double>(times_.size());
  media::FrameRun run{.first_seconds = at + film_.begins_at,
                      .interval_seconds = interval,
                      .count = static_cast<int>(count),
                      .size = size_,
                      .hold_last_seconds = std::max(kEndSlackSeconds, kMayBeMissing * film_.duration_seconds),
                      .frame_seconds = film_.frame_seconds,
                      .damaged = kMayBeMissing + film_.leading_share};
  if (way_ >= Way::first_of_open_group) {
    // Without an index ffmpeg begins where it likes, and shows the keyframe after that.
    if (!film_.shape.seeks_to_keyframes) {
      run.first_seconds = std::max(film_.begins_at, run.first_seconds - kUsualKeyframeDistance);
    }
    return media::start_first_picture(source_.path, run,
                                      media::halvings_while_decoding(film_.shape, longest_side_),
                                      way_ == Way::keyframe, bytes);
  }
  return media::start_ffmpeg(source_.path, run, seeks(), bytes);
}

/// One run for all frames, or one for each where they are far apart.
Expected<void> VideoFrames::Reader::start_run(double at) {
  auto reservation = pool_.reserve(MemoryHolder::media, bytes_of(way_));
  if (!reservation) {
    const auto cheaper = cheaper_way();
    if (!cheaper) return tl::unexpected(media::video_memory_error(reservation.error()));
    way_ = *cheaper;
    return start_run(at);
  }
  const std::size_t count = seeks() ? 1 : times_.size() - given_;
  auto started = start_ffmpeg(at, count, reservation->bytes());
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

/// An ffmpeg that got no memory for a picture may go on without it, and show another one in its place.
Expected<VideoFrames::Reader::Outcome> VideoFrames::Reader::read_pixels(Buffer& pixels, std::size_t bytes) {
  const auto count = ffmpeg_->read({pixels.data(), bytes}, cancelled_);
  if (!count) return tl::unexpected(count.error());
  const bool complete = *count == bytes;
  const bool last_of_several = given_ + 1 == run_end_ && !seeks();
  if (complete && media::says_no_memory(ffmpeg_->complaint())) return Outcome::no_memory;
  if (complete && !last_of_several) return Outcome::there;
  auto end = ffmpeg_->wait(cancelled_);
  if (!end) return tl::unexpected(end.error());
  return outcome_of_end(std::move(*end), complete);
}

Expected<VideoFrames::Reader::Outcome> VideoFrames::Reader::outcome_of_end(ChildEnd end, bool complete) {
  // The kernel takes it where the machine has no memory left: more of it will not be there either.
  if (end.signal == SIGKILL && way_ == Way::all) way_ = Way::all_in_twice_as_much;
  if (end.signal == SIGKILL || media::says_no_memory(end.complaint)) return Outcome::no_memory;
  if (complete) {
    if (end.exit_code == media::kTooManyDamaged) return tl::unexpected(missing_error(times_[given_]));
    return Outcome::there;
  }
  if (end.signal != 0) {
    return fail(ErrorCode::io, "the program ffmpeg was ended by signal " + std::to_string(end.signal) +
                                   " while it read this video");
  }
  if (end.complaint.find("Decoder") != std::string::npos &&
      end.complaint.find("not found") != std::string::npos) {
    return fail(ErrorCode::invalid_argument,
                "this video is coded in a way (" + film_.shape.codec +
                    ") that the ffmpeg of this machine can not decode; \"ffmpeg -i FILE NEW.mp4\" on another "
                    "machine makes a copy that it can");
  }
  return Outcome::missing;
}

/// Starts the run that shows the frame in another way, or fails.
Expected<void> VideoFrames::Reader::try_again(Outcome outcome) {
  end_run();
  const double wanted = times_[given_];
  if (outcome == Outcome::missing && std::exchange(skims_, false)) {
    way_ = Way::all;
    return start_run(wanted);
  }
  if (outcome == Outcome::missing) {
    const auto instead = seeks() ? instead_of_missing() : std::nullopt;
    return instead ? start_run(*instead) : tl::unexpected(missing_error(wanted));
  }
  if (way_ == Way::all) {
    way_ = Way::all_in_twice_as_much;  // its header promises too little
    auto started = start_run(wanted);
    if (started || !is_refusal(started.error())) return started;
  }
  const auto cheaper = cheaper_way();
  if (!cheaper) return tl::unexpected(media::video_memory_error());
  way_ = *cheaper;
  return start_run(wanted);
}

/// The last picture before it, as a player shows it; where none was seen yet the first one, or the next that
/// is there.
std::optional<double> VideoFrames::Reader::instead_of_missing() {
  if (tried_ == 0) ++missing_;
  ++tried_;
  const auto most = static_cast<std::size_t>(kMayBeMissing * static_cast<double>(times_.size()));
  if (missing_ > most && last_seen_) return std::nullopt;
  if (last_seen_) return tried_ == 1 ? last_seen_ : std::nullopt;
  if (tried_ == 1) return 0.0;
  const std::size_t later = given_ + tried_ - 1;
  return tried_ <= most + 1 && later < times_.size() ? std::optional(times_[later]) : std::nullopt;
}

Error VideoFrames::Reader::missing_error(double seconds) const {
  if (given_ == 0) {
    return {
        ErrorCode::invalid_argument,
        "no picture of this video can be decoded: it is damaged, or was cut short; record or copy it again"};
  }
  return {ErrorCode::invalid_argument,
          "a large part of this video is damaged or cut short: it has no picture at " + clock_text(seconds) +
              "; record or copy it again"};
}

Expected<VideoFrame> VideoFrames::Reader::next() {
  const auto failure = [this](Error error) {
    return error.code == ErrorCode::not_found ? tl::unexpected(std::move(error))
                                              : tl::unexpected(about(source_.name(), std::move(error)));
  };
  const double seconds = times_[given_];
  if (given_ == run_end_) {
    if (auto started = start_run(seconds); !started) return failure(started.error());
  }
  const std::size_t bytes =
      static_cast<std::size_t>(size_.width) * static_cast<std::size_t>(size_.height) * 3;
  auto pixels = pool_.allocate(MemoryHolder::media, bytes);
  if (!pixels) return failure(pixels.error());
  for (tried_ = 0;;) {
    const auto outcome = read_pixels(*pixels, bytes);
    if (!outcome) return failure(outcome.error());
    if (*outcome == Outcome::there) break;
    if (auto again = try_again(*outcome); !again) return failure(again.error());
  }
  if (tried_ == 0) last_seen_ = seconds;
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
  if (auto there = media::check_video_file(source); !there) return tl::unexpected(there.error());
  auto film = media::probe_video(source, pool, cancelled);
  if (!film) return tl::unexpected(film.error());
  return VideoFrames(std::make_unique<Reader>(source, std::move(*film), options, pool, cancelled));
}

VideoFrames::VideoFrames(std::unique_ptr<Reader> reader) : reader_(std::move(reader)) {}
VideoFrames::VideoFrames(VideoFrames&& other) noexcept = default;
VideoFrames& VideoFrames::operator=(VideoFrames&& other) noexcept = default;
VideoFrames::~VideoFrames() = default;

double VideoFrames::duration_seconds() const { return reader_->duration_seconds(); }

const std::vector<double>& VideoFrames::times() const { return reader_->times(); }

void VideoFrames::spread(int max_frames) { reader_->spread(max_frames); }

Expected<VideoFrame> VideoFrames::next() { return reader_->next(); }

}  // namespace plimsoll
