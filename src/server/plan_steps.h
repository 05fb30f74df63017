// By how many steps the plans of a worker are made smaller: one more after each death for want of memory, one
// less when calm has returned, and never so many that no plan fits. Plain logic without a clock of its own:
// the caller hands in the time, and one thread owns it.
//
//   a death for memory        one step more, kMost at most
//   a death for a picture     no step: what it took was no plan's
//   any other death           no step
//   a plan that did not fit   the steps of the largest plan that was tried and fits
//   calm                      one step less
//
// Calm is kFirstCalm without a death for memory and without critical pressure. Each step that is taken back
// is on trial, until kLongestCalm has passed and kTrialAnswers answers were given. A death for memory in that
// time is a relapse: it doubles the calm that is asked for next, kLongestCalm at most, and from then on
// answers are asked for, too (kFirstProof, doubling, kMostProof at most), so that a server with few requests
// does not lose each of them to another trial. A trial that ends with all steps taken back forgets the
// relapses.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "server/death_cause.h"

namespace plimsoll::server {

class PlanSteps {
 public:
  using Clock = std::chrono::steady_clock;

  static constexpr int kMost = 8;  // a quarter of what there is
  static constexpr std::chrono::seconds kFirstCalm{60};
  static constexpr std::chrono::seconds kLongestCalm{600};
  static constexpr std::uint64_t kTrialAnswers = 8;
  static constexpr std::uint64_t kFirstProof = 4;
  static constexpr std::uint64_t kMostProof = 32;

  void died(Clock::time_point now, DeathCause cause);
  /// Memory is pressed critically: calm begins anew.
  void pressed(Clock::time_point now) { calm_since_ = now; }
  void answered(std::uint64_t answers) { answers_ += answers; }
  /// A plan with so many steps is the one in force: with more, none fitted. Whether that changes count().
  bool planned_with(int steps);

  /// Takes a step back where it is due. Whether that changes count().
  bool take_back(Clock::time_point now);
  /// The first moment when a step may be taken back; empty: there is none to take back.
  std::optional<Clock::time_point> next_look() const;

  int count() const { return count_; }
  /// How long calm has to last before the next step is taken back.
  std::chrono::seconds calm() const;
  /// How many answers have to be given before that, since the latest death for memory or step taken back.
  std::uint64_t proof() const;

 private:
  bool is_on_trial(Clock::time_point now) const;

  int count_ = 0;
  int relapses_ = 0;
  std::uint64_t answers_ = 0;  // since the latest death for memory or step taken back
  Clock::time_point calm_since_{};
  std::optional<Clock::time_point> taken_back_{};  // engaged: that step may still be on trial
};

}  // namespace plimsoll::server
