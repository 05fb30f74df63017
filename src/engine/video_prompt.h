// A video in words, as SmolVLM2 was trained to be told of one.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace plimsoll::engine {

/// What stands before the question: how many frames there are of how long a video, then the time of each with
/// `marker`, which stands for its picture. REQUIRES: 1 to 99 frames.
std::string video_text(double duration_seconds, std::span<const double> frame_seconds,
                       std::string_view marker);

/// How many frames there is room for in `free_tokens` of the context, when each takes `tokens_per_frame`, its
/// time included: at most kMaxVideoFrames, 0 where there is not room for one. REQUIRES: tokens_per_frame > 0.
int video_frames_that_fit(int tokens_per_frame, int free_tokens);

}  // namespace plimsoll::engine
