// A video in words, as SmolVLM2 was trained to be told of one.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace plimsoll::engine {

/// What stands before the question: how many frames there are of how long a video, then the time of each with
/// `marker`, which stands for its picture. REQUIRES: 1 to 99 frames.
std::string video_text(double duration_seconds, std::span<const double> frame_seconds,
                       std::string_view marker);

/// The most frames, at most kMaxVideoFrames, with which the prompt has at most `free_positions`; 0 where it
/// has more with one. `positions_with(frames)` does not become less with more frames, save a word or two.
int video_frames_that_fit(const std::function<int(int frames)>& positions_with, int free_positions);

}  // namespace plimsoll::engine
