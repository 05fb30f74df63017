// The file that is to be a video, before any program is asked about it.
#pragma once

#include <plimsoll/media.h>

namespace plimsoll::media {

/// Fails with `not_found`, `io` or `invalid_argument` where it is not there, can not be read, is no regular
/// file or is empty.
Expected<void> check_video_file(const VideoSource& source);

}  // namespace plimsoll::media
