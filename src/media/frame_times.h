// Which moments of a video stand for all of it.
#pragma once

#include <vector>

namespace plimsoll::media {

/// In seconds since its beginning: at most one a second, at most `max_frames`, at least one. Each is the
/// middle of an equal part of the video, never its very end, where few videos have a picture. REQUIRES:
/// duration_seconds > 0, max_frames > 0.
std::vector<double> spread_frame_times(double duration_seconds, int max_frames);

}  // namespace plimsoll::media
