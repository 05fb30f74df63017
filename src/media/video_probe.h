// Finds out what a video is and how long it really is, by ffprobe.
#pragma once

#include <plimsoll/media.h>

#include <optional>
#include <vector>

#include "media/video_shape.h"
#include "media/video_timeline.h"

namespace plimsoll::media {

/// A video with a length that its pictures have, whatever its header says.
struct Film {
  VideoShape shape;
  double duration_seconds = 0;
  double begins_at = 0;       // seconds behind the file's own beginning
  std::vector<Pause> pauses;  // seconds since its first picture
  double frame_seconds = 0;   // above 0: its time stamps are no use, each picture is shown for so long
  double leading_share = 0;   // of its packets, which come before the first keyframe
};

/// Blocking: a tenth of a second, or two; longer where the video does not say how long it is, as all of the
/// file is read then, for up to a minute. Fails with `not_found` (the programs), `invalid_argument` (not a
/// video), `over_budget`, `out_of_memory` or `cancelled`.
Expected<Film> probe_video(const VideoSource& source, MemoryPool& pool, const std::atomic<bool>* cancelled);

/// The error for a video that takes more memory than there is, without the video's name. `refusal`: of the
/// pool, where it was asked; what else it says is kept.
Error video_memory_error(std::optional<Error> refusal = std::nullopt);

}  // namespace plimsoll::media
