// Which moments of a video stand for all of it.
#pragma once

#include <span>
#include <vector>

#include "media/video_timeline.h"

namespace plimsoll::media {

/// In seconds since its beginning: at most one a second, at most `max_frames`, at least one. Each is the
/// middle of an equal part of the video, never its very end, where few videos have a picture. Of `pauses`,
/// which are in order and in seconds since the beginning too, only kLongestPause each counts: what is shown
/// all the while needs no more frames. REQUIRES: duration_seconds > 0, max_frames > 0.
std::vector<double> spread_frame_times(double duration_seconds, int max_frames,
                                       std::span<const Pause> pauses = {});

}  // namespace plimsoll::media
