#include "server/restart_policy.h"

#include <algorithm>

namespace plimsoll::server {

void RestartPolicy::died(Clock::time_point now, bool short_of_memory) {
  if (short_of_memory) steps_down_ = std::min(steps_down_ + 1, kMostSteps);
  early_deaths_ = now - started_ < kEarly ? early_deaths_ + 1 : 0;
  if (early_deaths_ >= kMostEarlyDeaths) {
    next_start_.reset();
  } else {
    const bool again = early_deaths_ > 1;
    next_start_ = now + (again ? kFirstPause * (1 << (early_deaths_ - 2)) : std::chrono::milliseconds(0));
  }
}

void RestartPolicy::wanted(Clock::time_point now) {
  if (!next_start_) next_start_ = now;
}

bool RestartPolicy::recovers(Clock::time_point now) {
  if (steps_down_ == 0 || now - healthy_since_ < kHealthy) return false;
  healthy_since_ = now;
  --steps_down_;
  return true;
}

}  // namespace plimsoll::server
