// A wish to stop, read by every long step. One flag belongs to one piece of work and is never reset, so
// that an early cancel can not be lost to a later start. Thread-safe.
#pragma once

#include <atomic>
#include <memory>

namespace plimsoll {

class CancelFlag {
 public:
  void cancel() noexcept { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const noexcept { return cancelled_.load(std::memory_order_relaxed); }
  const std::atomic<bool>* raw() const { return &cancelled_; }

 private:
  std::atomic<bool> cancelled_{false};
};

using CancelFlagPtr = std::shared_ptr<CancelFlag>;

}  // namespace plimsoll
