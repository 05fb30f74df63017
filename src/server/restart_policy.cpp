#include "server/restart_policy.h"

#include <algorithm>

namespace plimsoll::server {

void RestartPolicy::died(Clock::time_point now, DeathCause cause) {
  died_ = now;
  if (cause == DeathCause::media) {
    next_start_ = now;
    return;
  }
  early_deaths_ = now - started_ < kEarly ? early_deaths_ + 1 : 0;
  if (early_deaths_ >= kMostEarlyDeaths) {
    next_start_.reset();
  } else {
    const bool again = early_deaths_ > 1;
    next_start_ = now + (again ? kFirstPause * (1 << (early_deaths_ - 2)) : std::chrono::milliseconds(0));
  }
}

void RestartPolicy::wanted(Clock::time_point now) {
  if (next_start_) return;
  next_start_ = died_ ? std::max(now, *died_ + kPauseForRequest) : now;
}

}  // namespace plimsoll::server
