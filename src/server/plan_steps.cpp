#include "server/plan_steps.h"

#include <algorithm>

namespace plimsoll::server {

namespace {

// `first` doubled `times` times, `most` at most.
template <typename T>
T doubled(T first, int times, T most) {
  for (; times > 0 && first < most; --times) first *= 2;
  return std::min(first, most);
}

}  // namespace

void PlanSteps::died(Clock::time_point now, DeathCause cause) {
  if (cause != DeathCause::memory) return;
  if (is_on_trial(now)) ++relapses_;
  taken_back_.reset();
  count_ = std::min(count_ + 1, kMost);
  calm_since_ = now;
  answers_ = 0;
}

bool PlanSteps::planned_with(int steps) {
  if (steps >= count_) return false;
  count_ = std::max(steps, 0);
  return true;
}

bool PlanSteps::take_back(Clock::time_point now) {
  if (count_ == 0) {
    if (taken_back_ && !is_on_trial(now)) {
      taken_back_.reset();
      relapses_ = 0;
    }
    return false;
  }
  if (now - calm_since_ < calm() || answers_ < proof()) return false;
  --count_;
  taken_back_ = now;
  calm_since_ = now;
  answers_ = 0;
  return true;
}

std::optional<PlanSteps::Clock::time_point> PlanSteps::next_look() const {
  if (count_ == 0) return std::nullopt;
  return calm_since_ + calm();
}

std::chrono::seconds PlanSteps::calm() const { return doubled(kFirstCalm, relapses_, kLongestCalm); }

std::uint64_t PlanSteps::proof() const {
  return relapses_ == 0 ? 0 : doubled(kFirstProof, relapses_ - 1, kMostProof);
}

bool PlanSteps::is_on_trial(Clock::time_point now) const {
  return taken_back_ && (now - *taken_back_ < kLongestCalm || answers_ < kTrialAnswers);
}

}  // namespace plimsoll::server
