// A bounded number of threads for one kind of request, so that one kind can not take the threads of another.
// Threads are made when they are needed and leave when they are not. Thread-safe.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

namespace plimsoll::server {

class ThreadLane {
 public:
  /// At most `threads` at once, and as many as `waiting` pieces of work behind them.
  ThreadLane(std::size_t threads, std::size_t waiting);
  ~ThreadLane() { finish(); }
  ThreadLane(const ThreadLane&) = delete;
  ThreadLane& operator=(const ThreadLane&) = delete;

  /// Returns at once: false where there is no room, or after finish(). REQUIRES: `work` does not throw.
  bool post(std::function<void()> work);

  /// Blocking: does all that was posted and ends the threads.
  void finish();

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable wake;
    std::condition_variable ended;
    std::deque<std::function<void()>> work;
    std::size_t threads = 0;
    std::size_t idle = 0;
    bool finishing = false;
  };
  static void run(const std::shared_ptr<State>& state);

  const std::size_t most_threads_;
  const std::size_t most_waiting_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace plimsoll::server
