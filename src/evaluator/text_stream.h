// The answer on its way from the engine's thread to the one that waits for it: whole UTF-8 characters, in
// pieces worth drawing. Thread-safe.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/evaluator.h"

namespace plimsoll {

class TextStream {
 public:
  using Clock = std::chrono::steady_clock;
  /// Spec section 4: the display is updated about every 4 tokens or 0.25 s.
  static constexpr int kTokensPerUpdate = 4;
  static constexpr std::chrono::milliseconds kUpdateInterval{250};

  /// `now` is a test's clock.
  explicit TextStream(std::function<Clock::time_point()> now = Clock::now)
      : now_(std::move(now)), last_(now_()) {}

  /// The engine's side: one token's bytes.
  void push(std::string_view bytes);
  /// The engine's side: nothing follows.
  void close();
  /// The engine's side: a line of progress, replacing the one before.
  void report(Stage stage, float share, std::string what);

  struct Progress {
    Stage stage = Stage::loading;
    float share = 0;
    std::string what{};
  };
  struct Update {
    std::string text{};                  // empty when there is only progress
    std::optional<Progress> progress{};  // empty when there is only text
    bool closed = false;                 // nothing follows
  };
  /// The waiting side. Blocking until there is something to show.
  Update wait();

 private:
  bool due() const;

  std::function<Clock::time_point()> now_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::string pending_;
  int tokens_ = 0;  // pushed since the last update
  Clock::time_point last_;
  std::optional<Progress> progress_;
  bool closed_ = false;
};

/// How many bytes at the end of `text` are the beginning of a character that is not complete yet.
std::size_t incomplete_tail(std::string_view text);

}  // namespace plimsoll
