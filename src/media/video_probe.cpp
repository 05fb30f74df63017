#include "media/video_probe.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "media/ffmpeg.h"
#include "media/not_a_video.h"
#include "plimsoll/size.h"

namespace plimsoll::media {

namespace {

using Clock = std::chrono::steady_clock;

// The few lines that ffprobe writes, for a file with hundreds of programs in it too.
constexpr std::size_t kLongestProbe = std::size_t{64} << 10;

// A smaller file is read to its end: what its header says of its length is not needed.
constexpr std::uintmax_t kReadWholeBytes = std::uintmax_t{64} << 20;
// Of a larger one that says how long it is, only what should be its end.
constexpr double kTailSeconds = 10;
constexpr auto kLongestReading = std::chrono::seconds(60);

// Where less than this share is there of what an index promises, the file was cut.
constexpr double kEnoughOfIt = 0.75;
constexpr double kEndSlackSeconds = 2;
constexpr double kUsualFrameSeconds = 0.04;
constexpr double kLongestSeconds = 1e6;

// What ffprobe may take: the index of a film of hours, or one picture of a large one.
constexpr std::array<std::size_t, 4> kProbeBytes = {kFfmpegBytes + (std::size_t{4} << 20),
                                                    std::size_t{56} << 20, std::size_t{160} << 20,
                                                    std::size_t{448} << 20};

struct Answer {
  ChildEnd end;
  bool stopped = false;  // because it took too long
};

using Start = std::function<Expected<ChildProcess>(std::size_t memory_bytes)>;
// Takes what a program writes; false stops it. Told of a new beginning by an empty text.
using Take = std::function<bool(std::string_view)>;

Expected<Answer> listen_to(ChildProcess child, const Take& take, const std::atomic<bool>* cancelled) {
  std::vector<std::byte> text(kLongestProbe);
  for (;;) {
    const auto count = child.read_some(text, cancelled);
    if (!count) return tl::unexpected(count.error());
    if (*count == 0) break;
    if (!take({reinterpret_cast<const char*>(text.data()), *count}))
      return Answer{.end = {}, .stopped = true};
  }
  auto end = child.wait(cancelled);
  if (!end) return tl::unexpected(end.error());
  return Answer{.end = std::move(*end)};
}

// Runs a program with as little memory as it comes through with. One that says nothing at all may have had
// too little for that.
Expected<Answer> run_in_little(const Start& start, const Take& take, MemoryPool& pool,
                               const std::atomic<bool>* cancelled) {
  std::optional<Answer> failed;
  for (const std::size_t bytes : kProbeBytes) {
    auto reservation = pool.reserve(MemoryHolder::media, bytes);
    if (!reservation) return tl::unexpected(video_memory_error(reservation.error()));
    take({});
    auto child = start(bytes);
    if (!child) return tl::unexpected(child.error());
    auto answer = listen_to(std::move(*child), take, cancelled);
    if (!answer) return answer;
    const ChildEnd& end = answer->end;
    const bool silent = end.exit_code != 0 && end.complaint.empty();
    const bool starved = end.exit_code != 0 && says_no_memory(end.complaint);
    if (end.signal != 0 || !(silent || starved)) return answer;
    failed = std::move(*answer);
  }
  return std::move(*failed);
}

// Of a program that ended by itself; nothing where all is well.
std::optional<Error> failure_of(const ChildEnd& end, const VideoSource& source) {
  if (end.signal == SIGKILL || (end.exit_code != 0 && says_no_memory(end.complaint)))
    return video_memory_error();
  if (end.signal != 0) {
    return Error{ErrorCode::io, "the program ffprobe was ended by signal " + std::to_string(end.signal) +
                                    " while it read this video"};
  }
  if (end.exit_code == 0) return std::nullopt;
  return Error{ErrorCode::invalid_argument, describe_no_video(head_of(source.path), end.complaint)};
}

std::uintmax_t file_bytes(const VideoSource& source) {
  std::error_code error;
  const std::uintmax_t bytes = std::filesystem::file_size(source.path, error);
  return error ? 0 : bytes;
}

// What reads MP4 and Matroska says so; nothing of it is shown to anybody.
bool says_cut_short(const std::string& complaint) {
  return complaint.find("partial file") != std::string::npos ||
         complaint.find("ended prematurely") != std::string::npos;
}

// An AVI begins with the number of bytes behind it. One that was written to a pipe has none.
bool is_cut_riff(std::string_view head, std::uintmax_t bytes) {
  constexpr std::uintmax_t kNone = 0xFFFFF000;
  if (head.size() < 8 || !head.starts_with("RIFF")) return false;
  std::uintmax_t size = 0;
  for (std::size_t i = 4; i < 8; ++i)
    size |= std::uintmax_t{static_cast<unsigned char>(head[i])} << (8 * (i - 4));
  return size < kNone && size + 8 > bytes;
}

class Probe {
 public:
  Probe(const VideoSource& source, MemoryPool& pool, const std::atomic<bool>* cancelled)
      : source_(source), pool_(pool), cancelled_(cancelled) {}

  Expected<VideoShape> shape();
  /// From the keyframe before `from` on to the end.
  struct Reading {
    VideoTimeline timeline;
    bool to_the_end = true;
    bool cut_short = false;  // its container says that there should be more
  };
  Expected<Reading> read(std::optional<double> from);

 private:
  Expected<VideoShape> shape_from(FirstLook look);

  const VideoSource& source_;
  MemoryPool& pool_;
  const std::atomic<bool>* cancelled_;
};

// ffprobe looks at the first five seconds of a file. Pictures that come later are those of a recorder whose
// camera started after its microphone.
Expected<VideoShape> Probe::shape() {
  auto shape = shape_from(FirstLook::usual);
  if (shape || shape.error().code != ErrorCode::invalid_argument) return shape;
  auto longer = shape_from(FirstLook::long_one);
  return longer ? longer : shape;
}

Expected<VideoShape> Probe::shape_from(FirstLook look) {
  std::string text;
  const auto take = [&](std::string_view more) {
    text = more.empty() ? std::string() : text.append(more);
    return text.size() < kLongestProbe;
  };
  auto answer = run_in_little([&](std::size_t bytes) { return start_ffprobe(source_.path, look, bytes); },
                              take, pool_, cancelled_);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->stopped) return fail(ErrorCode::invalid_argument, "this file has too many parts to be read");
  if (auto failed = failure_of(answer->end, source_)) return tl::unexpected(std::move(*failed));
  return parse_video_shape(text, source_.name());
}

Expected<Probe::Reading> Probe::read(std::optional<double> from) {
  TimelineReader reader;
  const auto until = Clock::now() + kLongestReading;
  const auto take = [&](std::string_view more) {
    if (more.empty()) {
      reader = TimelineReader();
    } else {
      reader.add(more);
    }
    return Clock::now() < until;
  };
  auto answer = run_in_little([&](std::size_t bytes) { return start_packet_list(source_.path, from, bytes); },
                              take, pool_, cancelled_);
  if (!answer) return tl::unexpected(answer.error());
  if (answer->end.signal == SIGKILL) return tl::unexpected(video_memory_error());
  return Reading{
      reader.timeline(), !answer->stopped,
      says_cut_short(answer->end.complaint) || is_cut_riff(head_of(source_.path), file_bytes(source_))};
}

// From the beginning to where the reading was given up, and as much longer as the file is.
double extrapolated(const VideoTimeline& timeline, double seconds, std::uintmax_t file_bytes) {
  const double share = timeline.last_position / static_cast<double>(std::max<std::uintmax_t>(file_bytes, 1));
  return share > 0.001 && share < 1 ? std::min(seconds / share, kLongestSeconds) : seconds;
}

double frame_seconds_of(const VideoTimeline& timeline, const VideoShape& shape) {
  if (timeline.frame_seconds > 0) return timeline.frame_seconds;
  return shape.frame_seconds > 0 ? shape.frame_seconds : kUsualFrameSeconds;
}

// Time stamps that jump can be followed only where reading starts anywhere.
bool has_usable_clock(const VideoTimeline& timeline, const VideoShape& shape) {
  const double seconds = timeline.end - timeline.begin;
  const bool in_one_go =
      timeline.pauses.empty() || (shape.seeks_to_keyframes && !shape.clock_may_start_again);
  return timeline.has_clock && in_one_go && seconds <= kLongestSeconds;
}

double promised_seconds(const VideoShape& shape) {
  const double by_index = static_cast<double>(shape.frames) * shape.frame_seconds;
  return std::min(std::max(shape.duration_seconds, by_index), kLongestSeconds);
}

// The film that the whole file shows.
Film film_of(const VideoShape& shape, const Probe::Reading& reading, std::uintmax_t file_bytes) {
  const VideoTimeline& timeline = reading.timeline;
  const double frame_seconds = frame_seconds_of(timeline, shape);
  Film film{.shape = shape, .duration_seconds = 0, .begins_at = 0, .pauses = {}};
  film.leading_share = static_cast<double>(timeline.leading) /
                       static_cast<double>(std::max<std::size_t>(timeline.leading + timeline.packets, 1));
  if (has_usable_clock(timeline, shape)) {
    film.duration_seconds = std::max(timeline.end - timeline.begin, frame_seconds);
    film.begins_at = std::max(0.0, timeline.begin - shape.file_starts_at);
    for (const Pause& pause : timeline.pauses) {
      film.pauses.push_back({pause.begin - timeline.begin, pause.end - timeline.begin});
    }
  } else {
    film.frame_seconds = frame_seconds;
    film.duration_seconds =
        std::clamp(static_cast<double>(timeline.packets) * frame_seconds, frame_seconds, kLongestSeconds);
  }
  if (!reading.to_the_end) {
    film.duration_seconds = shape.duration_seconds > 0
                                ? std::max(shape.duration_seconds, film.duration_seconds)
                                : extrapolated(timeline, film.duration_seconds, file_bytes);
  }
  const double promised = promised_seconds(shape);
  const double missing = promised - film.duration_seconds;
  // The last picture is shown while the sound ends.
  if (missing > 0 && missing <= kEndSlackSeconds) film.duration_seconds = promised;
  // The frames that are not there will be missed where they are wanted.
  if (reading.cut_short && film.duration_seconds < kEnoughOfIt * promised) film.duration_seconds = promised;
  return film;
}

Film film_as_said(const VideoShape& shape, double duration_seconds) {
  Film film{.shape = shape, .duration_seconds = duration_seconds, .begins_at = 0, .pauses = {}};
  film.begins_at = std::max(0.0, shape.starts_at - shape.file_starts_at);
  return film;
}

// Of a large file, where what it says of its end is true.
Expected<std::optional<Film>> film_by_its_tail(Probe& probe, const VideoShape& shape) {
  const double end = shape.starts_at + shape.duration_seconds;
  auto tail = probe.read(std::max(shape.starts_at, end - kTailSeconds));
  if (!tail) return tl::unexpected(tail.error());
  const VideoTimeline& timeline = tail->timeline;
  const bool there = tail->to_the_end && timeline.has_clock && timeline.end >= end - kTailSeconds;
  if (!there) return std::nullopt;
  return film_as_said(shape, timeline.end - shape.starts_at);
}

Expected<Film> probe_all(Probe& probe, const VideoSource& source) {
  auto shape = probe.shape();
  if (!shape) return tl::unexpected(shape.error());
  const std::uintmax_t bytes = file_bytes(source);
  if (shape->duration_seconds > 0 && bytes > kReadWholeBytes) {
    auto film = film_by_its_tail(probe, *shape);
    if (!film) return tl::unexpected(film.error());
    if (*film) return std::move(**film);
  }
  auto reading = probe.read(std::nullopt);
  if (!reading) return tl::unexpected(reading.error());
  if (reading->timeline.packets > 0) return film_of(*shape, *reading, bytes);
  if (shape->duration_seconds > 0) return film_as_said(*shape, shape->duration_seconds);
  return fail(ErrorCode::invalid_argument,
              "there is not one whole picture in this video: the recording stopped at its beginning, or the "
              "file is damaged; record it again");
}

}  // namespace

Error video_memory_error(std::optional<Error> refusal) {
  const std::string advice =
      "; \"ffmpeg -i FILE -vf scale=640:-2 NEW.mp4\" makes a smaller copy, on a machine with more memory if "
      "need be";
  if (!refusal || !refusal->denial) {
    return {ErrorCode::over_budget, "decoding this video takes more memory than there is" + advice};
  }
  const BudgetDenial& denial = *refusal->denial;
  refusal->message = "decoding this video takes " + format_size(denial.requested_bytes) + " and only " +
                     format_size(denial.available_bytes) + " are left (" +
                     (denial.bound == kMemoryLimitBound
                          ? "memory limit " + format_size(denial.limit_bytes)
                          : "limit " + format_size(denial.limit_bytes) + " by " + denial.bound) +
                     ")" + advice;
  return std::move(*refusal);
}

Expected<Film> probe_video(const VideoSource& source, MemoryPool& pool, const std::atomic<bool>* cancelled) {
  Probe probe(source, pool, cancelled);
  auto film = probe_all(probe, source);
  if (film || film.error().code == ErrorCode::not_found) return film;
  Error error = std::move(film.error());
  const std::string prefix = source.name() + ": ";
  if (!error.message.starts_with(prefix)) error.message = prefix + error.message;
  return tl::unexpected(std::move(error));
}

}  // namespace plimsoll::media
