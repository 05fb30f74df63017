// When a video's pictures are shown, as its packets say: a header may lie about it, or say nothing.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::media {

/// No picture comes for so long that nobody would call it a film any more: seconds.
inline constexpr double kLongestPause = 10;

/// A distance above kLongestPause between two pictures.
struct Pause {
  double begin = 0;
  double end = 0;
};

/// Times are seconds as the packets state them.
struct VideoTimeline {
  std::size_t packets = 0;    // from the first keyframe on
  std::size_t leading = 0;    // before it, which nobody can decode
  double begin = 0;           // of the first picture
  double end = 0;             // of the last one, when it has been shown
  double frame_seconds = 0;   // from one picture to the next, on average; 0: not said
  bool has_clock = false;     // the time stamps count up, and all but a few packets have one
  std::vector<Pause> pauses;  // in order
  double last_position = 0;   // bytes into the file
};

/// Reads what `ffprobe -show_entries packet=pts_time,dts_time,duration_time,pos,flags -of csv=p=0` writes, in
/// pieces of any length. Keeps no packet: its memory does not grow with the video.
class TimelineReader {
 public:
  void add(std::string_view text);
  /// What was read so far; a line that has no end yet is left out.
  VideoTimeline timeline() const;

 private:
  struct Packet;
  void add_line(std::string_view line);
  void add_packet(const Packet& packet);
  void follow(double order, double seconds);

  std::string rest_;  // of a line
  VideoTimeline so_far_;
  std::optional<double> order_;  // of the last packet, in the order of decoding
  std::optional<double> first_, last_;
  std::size_t untimed_ = 0, with_duration_ = 0;
  double durations_ = 0;
  bool has_key_ = false;
  bool went_back_ = false;
};

}  // namespace plimsoll::media
