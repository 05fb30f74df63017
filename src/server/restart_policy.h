// When a worker that died is started again, and how much less its plans may use. Plain logic without a clock
// of its own: belongs to whoever calls it.
#pragma once

#include <chrono>
#include <optional>

namespace plimsoll::server {

class RestartPolicy {
 public:
  using Clock = std::chrono::steady_clock;

  /// A death so soon after the start is an early one: it will likely happen again.
  static constexpr std::chrono::seconds kEarly{10};
  /// The first restart is at once; each early death in a row doubles the pause before the next.
  static constexpr std::chrono::milliseconds kFirstPause{250};
  /// After so many early deaths in a row it is started again only for a request.
  static constexpr int kMostEarlyDeaths = 5;
  static constexpr int kMostSteps = 8;  // a quarter of what there is
  /// So long without a death a step is taken back; the next load may use more again.
  static constexpr std::chrono::minutes kHealthy{10};

  void started(Clock::time_point now) {
    started_ = now;
    healthy_since_ = now;
  }

  /// `short_of_memory`: it died of that, as far as one can tell; its plans step down.
  void died(Clock::time_point now, bool short_of_memory);

  /// When to start it; empty: when a request wants it.
  std::optional<Clock::time_point> next_start() const { return next_start_; }
  /// A request came while nobody was to be started: now, once.
  void wanted(Clock::time_point now);

  /// Takes a step back where it is due. Whether that changed steps_down().
  bool recovers(Clock::time_point now);

  int steps_down() const { return steps_down_; }

 private:
  Clock::time_point started_{};
  Clock::time_point healthy_since_{};
  std::optional<Clock::time_point> next_start_{};
  int early_deaths_ = 0;
  int steps_down_ = 0;
};

}  // namespace plimsoll::server
