// A thread that does what it is given, in order. Thread-safe.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace plimsoll {

class WorkThread {
 public:
  enum class Priority { normal, low };  // low: only when nobody else wants the processor

  explicit WorkThread(Priority priority);
  ~WorkThread() { finish(); }
  WorkThread(const WorkThread&) = delete;
  WorkThread& operator=(const WorkThread&) = delete;

  /// Returns at once. After finish() it does nothing. REQUIRES: `work` does not throw.
  void post(std::function<void()> work);

  /// Whether the caller is this thread.
  bool runs_here() const { return std::this_thread::get_id() == thread_.get_id(); }

  /// Blocking: does all that was posted, what that posts in turn included, and ends the thread.
  void finish();

 private:
  void run(Priority priority);

  std::mutex mutex_;
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  bool finishing_ = false;
  bool ended_ = false;
  std::thread thread_;
};

}  // namespace plimsoll
