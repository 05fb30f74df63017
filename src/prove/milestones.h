// Where one thread waits until another has come so far. Thread-safe.
#pragma once

#include <condition_variable>
#include <mutex>

namespace plimsoll::prove {

class Milestones {
 public:
  void pass() {
    std::lock_guard lock(mutex_);
    ++passed_;
    changed_.notify_all();
  }

  /// None follows any more.
  void finish() {
    std::lock_guard lock(mutex_);
    finished_ = true;
    changed_.notify_all();
  }

  /// Blocking until so many were passed, or the last one was.
  void wait_for(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return passed_ >= count || finished_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int passed_ = 0;
  bool finished_ = false;
};

}  // namespace plimsoll::prove
