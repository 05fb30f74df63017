// One reclaimer while it is registered: who is inside a call of it, and whether it may be called.
// Thread-safe.
#pragma once

#include <plimsoll/reclaim.h>

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <thread>
#include <vector>

namespace plimsoll::memory {

class RegisteredReclaimer {
 public:
  explicit RegisteredReclaimer(Reclaimer& reclaimer) : reclaimer_(reclaimer), rung_(reclaimer.rung()) {}

  ReclaimRung rung() const { return rung_; }

  /// Returns what `ask` returns. Does not ask, and returns 0, when this has ended or when the calling thread
  /// is inside a call already.
  template <typename Ask>
  std::size_t call(Ask ask) {
    if (!enter()) return 0;
    const std::size_t given = ask(reclaimer_);
    leave();
    return given;
  }

  /// No call begins after this, and those of other threads are over when it returns.
  void end() noexcept;

 private:
  bool enter();
  void leave();

  Reclaimer& reclaimer_;
  const ReclaimRung rung_;
  std::mutex mutex_;
  std::condition_variable left_;
  bool ended_ = false;
  std::vector<std::thread::id> inside_;
};

}  // namespace plimsoll::memory
