// What ffprobe writes about a file from outside, which may hold any text and any number; and the file's own
// beginning.
#include <cmath>

#include "media/decoder_memory.h"
#include "media/frame_times.h"
#include "media/not_a_video.h"
#include "media/video_shape.h"
#include "media/video_timeline.h"
#include "tests/fuzz/expect.h"

using namespace plimsoll;

namespace {

constexpr int kLongestSide = 16384;

void expect_side(int side) { fuzz::expect(side >= 1 && side <= kLongestSide, "a side that can be"); }

void expect_times(double duration_seconds, std::span<const media::Pause> pauses) {
  for (const int most : {1, 3, 64}) {
    const auto times = media::spread_frame_times(duration_seconds, most, pauses);
    fuzz::expect(!times.empty() && times.size() <= static_cast<std::size_t>(most), "frames within bounds");
    for (const double time : times) fuzz::expect(std::isfinite(time) && time >= 0, "a moment of the video");
  }
}

void expect_shape(const media::VideoShape& shape) {
  expect_side(shape.stored.width);
  expect_side(shape.stored.height);
  expect_side(shape.shown.width);
  expect_side(shape.shown.height);
  fuzz::expect(shape.duration_seconds >= 0 && shape.duration_seconds <= 1e6, "a duration that can be");
  fuzz::expect(shape.frame_seconds >= 0 && std::isfinite(shape.frame_seconds), "a rate that can be");
  fuzz::expect(shape.frame_bytes <= std::size_t{1} << 32, "a frame that can be");
  const std::size_t all = media::decoding_bytes(shape);
  fuzz::expect(all >= shape.frame_bytes && all < std::size_t{1} << 40, "memory that can be");
  const int halvings = media::halvings_while_decoding(shape, 192);
  fuzz::expect(halvings >= 0 && halvings <= 3, "halvings that ffmpeg takes");
  fuzz::expect(media::keyframe_bytes(shape, halvings) <= media::first_picture_bytes(shape, halvings),
               "less memory");
  if (shape.duration_seconds > 0) expect_times(shape.duration_seconds, {});
}

void expect_timeline(const media::VideoTimeline& timeline) {
  fuzz::expect(std::isfinite(timeline.begin) && std::isfinite(timeline.end), "times that can be");
  fuzz::expect(timeline.end >= timeline.begin, "an end after the beginning");
  fuzz::expect(timeline.frame_seconds >= 0, "a distance");
  std::vector<media::Pause> pauses;
  for (const media::Pause& pause : timeline.pauses) {
    fuzz::expect(pause.end - pause.begin > media::kLongestPause, "a pause");
    pauses.push_back({pause.begin - timeline.begin, pause.end - timeline.begin});
  }
  if (timeline.end > timeline.begin) expect_times(timeline.end - timeline.begin, pauses);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzz::text_of(data, size);
  const auto shape = media::parse_video_shape(text, "film");
  if (shape) {
    expect_shape(*shape);
  } else {
    fuzz::expect_sentence(shape.error().message);
  }
  media::TimelineReader whole, in_pieces;
  whole.add(text);
  constexpr std::size_t kPiece = 7;
  for (std::size_t at = 0; at < text.size(); at += kPiece) in_pieces.add(text.substr(at, kPiece));
  expect_timeline(whole.timeline());
  fuzz::expect(whole.timeline().packets == in_pieces.timeline().packets, "the same in pieces");
  fuzz::expect_sentence(
      media::describe_no_video(text.substr(0, media::kNoVideoHeadBytes), std::string(text)));
  return 0;
}
