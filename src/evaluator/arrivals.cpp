#include "evaluator/arrivals.h"

#include <algorithm>
#include <utility>

namespace plimsoll {

void Arrivals::push(JobPtr job) {
  const std::lock_guard lock(mutex_);
  waiting_.push_back(std::move(job));
}

JobPtr Arrivals::next() {
  const std::lock_guard lock(mutex_);
  if (holds_ > 0 || waiting_.empty()) return nullptr;
  JobPtr job = std::move(waiting_.front());
  waiting_.pop_front();
  return job;
}

bool Arrivals::is_next() const {
  const std::lock_guard lock(mutex_);
  return holds_ == 0 && !waiting_.empty();
}

std::vector<JobPtr> Arrivals::take_cancelled() {
  const std::lock_guard lock(mutex_);
  const auto gone = std::stable_partition(waiting_.begin(), waiting_.end(),
                                          [](const JobPtr& job) { return !job->cancel->cancelled(); });
  std::vector<JobPtr> cancelled(std::make_move_iterator(gone), std::make_move_iterator(waiting_.end()));
  waiting_.erase(gone, waiting_.end());
  return cancelled;
}

void Arrivals::hold() {
  const std::lock_guard lock(mutex_);
  ++holds_;
}

void Arrivals::release() {
  const std::lock_guard lock(mutex_);
  --holds_;
}

void Arrivals::report(float share, const std::string& what) {
  const std::lock_guard lock(mutex_);
  for (const JobPtr& job : waiting_) job->stream.report(Stage::loading, share, what);
}

}  // namespace plimsoll
