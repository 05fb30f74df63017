// Watches a session's memory beside what is done with it: samples at an interval, each step of the reclaim
// ladder, and the clean-ups with the pressure that there was.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "prove/events.h"
#include "session/session.h"

namespace plimsoll::prove {

class Observer {
 public:
  using Clock = std::chrono::steady_clock;

  /// REQUIRES: `session` and what `sink` refers to outlive it. `sink` is called with a lock of its own held.
  Observer(const session::Session& session, EventSink sink, std::chrono::milliseconds interval);
  ~Observer();
  Observer(const Observer&) = delete;
  Observer& operator=(const Observer&) = delete;

  /// Seconds since it began to watch. Thread-safe, as the others are.
  double now_s() const;
  void tell(const Event& event);
  /// Takes a sample now.
  void look();
  /// What is cleaned up from now on was asked for.
  void cleanups_are_wished();

 private:
  void look_locked();
  void count_cleanups(MemoryPressure now, std::size_t steps);

  const session::Session& session_;
  const EventSink sink_;
  const Clock::time_point began_ = Clock::now();
  std::mutex mutex_;
  std::condition_variable wake_;
  bool over_ = false;
  bool wished_ = false;
  std::uint64_t last_trims_;
  std::uint64_t last_step_ = 0;
  MemoryPressure last_pressure_ = MemoryPressure::normal;
  std::thread thread_;
};

}  // namespace plimsoll::prove
