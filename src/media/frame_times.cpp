#include "media/frame_times.h"

#include <algorithm>
#include <cmath>

namespace plimsoll::media {

namespace {

constexpr double kRounding = 1e-3;  // of sums of many frames' durations

double cut_from(const Pause& pause) { return std::max(0.0, pause.end - pause.begin - kLongestPause); }

// Where in the video a moment is that is counted without what is cut from the pauses.
double with_pauses(double seconds, std::span<const Pause> pauses) {
  for (const Pause& pause : pauses) {
    if (seconds < pause.begin + kLongestPause) break;
    seconds += cut_from(pause);
  }
  return seconds;
}

}  // namespace

std::vector<double> spread_frame_times(double duration_seconds, int max_frames,
                                       std::span<const Pause> pauses) {
  double counted = duration_seconds;
  for (const Pause& pause : pauses) counted -= cut_from(pause);
  if (counted <= 0) {  // pauses that are no part of it
    counted = duration_seconds;
    pauses = {};
  }
  const double whole_seconds = std::max(1.0, std::floor(counted + kRounding));
  const int count = static_cast<int>(std::min<double>(whole_seconds, max_frames));
  const double part = counted / count;
  std::vector<double> times;
  times.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) times.push_back(with_pauses((i + 0.5) * part, pauses));
  return times;
}

}  // namespace plimsoll::media
