#include "media/frame_times.h"

#include <algorithm>
#include <cmath>

namespace plimsoll::media {

std::vector<double> spread_frame_times(double duration_seconds, int max_frames) {
  const double whole_seconds = std::max(1.0, std::floor(duration_seconds));
  const int count = static_cast<int>(std::min<double>(whole_seconds, max_frames));
  const double part = duration_seconds / count;
  std::vector<double> times;
  times.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) times.push_back((i + 0.5) * part);
  return times;
}

}  // namespace plimsoll::media
