// A question as the engine is asked it, and what is told on the way to its answer. Plain values.
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <string_view>

#include "engine/picture_ahead.h"
#include "plimsoll/cancel.h"
#include "plimsoll/evaluator.h"

namespace plimsoll::engine {

using Clock = std::chrono::steady_clock;

inline double ms_between(Clock::time_point start, Clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - start).count();
}
inline double ms_since(Clock::time_point start) { return ms_between(start, Clock::now()); }

/// What it refers to must live until its answer has ended.
struct Question {
  const GenerationRequest& request;
  const MemoryConfiguration& configuration;
  CancelFlagPtr cancel;
  Clock::time_point started;      // when the caller asked, for the time to the first token
  PictureAhead* ahead = nullptr;  // its first picture, where that was decoded meanwhile

  int max_tokens() const { return request.max_tokens.value_or(configuration.max_tokens); }
};

/// Called on the engine's thread. Each may be empty.
struct Sinks {
  std::function<void(std::string_view bytes)> on_piece{};  // one token; may split a UTF-8 sequence
  // While pictures are looked at: the share that is done, and which one it is.
  std::function<void(float share, std::string what)> on_look{};
  std::function<void()> between_tiles{};  // the time to give memory back
  // Other answers went on while this question was read, and some may have ended.
  std::function<void()> others_wrote{};
};

/// The end of an answer.
using OnAnswered = std::function<void(Expected<GenerationResult> result)>;

}  // namespace plimsoll::engine
