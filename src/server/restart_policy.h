// When a worker that died is started again. Plain logic without a clock of its own: the caller hands in the
// time, and one thread owns it.
#pragma once

#include <chrono>
#include <optional>

#include "server/death_cause.h"

namespace plimsoll::server {

class RestartPolicy {
 public:
  using Clock = std::chrono::steady_clock;

  /// A death so soon after the start is an early one: it will likely happen again.
  static constexpr std::chrono::seconds kEarly{10};
  /// The first restart is at once; each early death in a row doubles the pause before the next.
  static constexpr std::chrono::milliseconds kFirstPause{250};
  /// After so many early deaths in a row it is started again only for a request, which always starts it.
  static constexpr int kMostEarlyDeaths = 5;
  /// From the latest death to a start for a request then: short, because the request waits for it.
  static constexpr std::chrono::milliseconds kPauseForRequest{500};

  void started(Clock::time_point now) { started_ = now; }

  /// A death for a request's own picture or video says nothing of the next start: it is never an early one.
  void died(Clock::time_point now, DeathCause cause);

  /// When to start it; empty: when a request wants it.
  std::optional<Clock::time_point> next_start() const { return next_start_; }
  /// A request came while no start was due: starts it, once.
  void wanted(Clock::time_point now);

 private:
  Clock::time_point started_{};
  std::optional<Clock::time_point> died_{};
  std::optional<Clock::time_point> next_start_{};
  int early_deaths_ = 0;
};

}  // namespace plimsoll::server
