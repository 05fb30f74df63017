// Who is told. Thread-safe: one thread tells, any thread comes and goes meanwhile, listeners included.
#pragma once

#include <plimsoll/pressure.h>

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <thread>

namespace plimsoll::pressure {

class ListenerList : public std::enable_shared_from_this<ListenerList> {
 public:
  PressureSubscription add(PressureListener& listener);

  /// Waits for a call of that listener to end, unless it is asked for inside of it.
  void remove(std::uint64_t id) noexcept;

  /// Calls `tell` with each listener in the order in which they came; no lock is held meanwhile.
  /// Who comes meanwhile waits for the next time. REQUIRES: never two at a time.
  void for_each(const std::function<void(PressureListener&)>& tell);

 private:
  std::mutex mutex_;
  std::condition_variable call_ended_;
  std::map<std::uint64_t, PressureListener*> listeners_;
  std::uint64_t next_id_ = 1;
  std::uint64_t called_id_ = 0;  // 0: nobody is being called
  std::thread::id caller_;
};

}  // namespace plimsoll::pressure
