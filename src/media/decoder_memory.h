// How much memory ffmpeg's decoders take for a video. Pure functions.
#pragma once

#include <cstddef>

#include "media/video_shape.h"

namespace plimsoll::media {

/// An upper bound for an ffmpeg with one thread that decodes each frame of the video and scales it down.
std::size_t decoding_bytes(const VideoShape& shape);

/// The same for one that decodes from a keyframe until it has one picture, its sides halved `halvings` times.
std::size_t first_picture_bytes(const VideoShape& shape, int halvings);

/// The same where pictures before the keyframe are referred to, for which a decoder makes empty ones: as
/// H.265 in open groups of pictures has it. As much as decoding_bytes() for codecs that do without.
std::size_t open_group_bytes(const VideoShape& shape);

/// The same for one that decodes keyframes alone until it has one picture; as much as above where that saves
/// nothing. No bound for each video: where the keyframe is not the first picture of what refers to it, it
/// takes more.
std::size_t keyframe_bytes(const VideoShape& shape, int halvings);

/// How often its sides can be halved while it is decoded, with at least `longest_side` pixels left; 0 for
/// codecs that can not do that.
int halvings_while_decoding(const VideoShape& shape, int longest_side);

}  // namespace plimsoll::media
