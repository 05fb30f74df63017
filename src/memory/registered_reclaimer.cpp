#include "memory/registered_reclaimer.h"

#include <algorithm>
#include <utility>

namespace plimsoll {

namespace memory {

bool RegisteredReclaimer::enter() {
  const auto self = std::this_thread::get_id();
  std::lock_guard lock(mutex_);
  if (ended_ || std::find(inside_.begin(), inside_.end(), self) != inside_.end()) return false;
  inside_.push_back(self);
  return true;
}

void RegisteredReclaimer::leave() {
  std::lock_guard lock(mutex_);
  std::erase(inside_, std::this_thread::get_id());
  left_.notify_all();
}

void RegisteredReclaimer::end() noexcept {
  const auto self = std::this_thread::get_id();
  std::unique_lock lock(mutex_);
  ended_ = true;
  left_.wait(lock, [&] {
    return std::all_of(inside_.begin(), inside_.end(), [&](std::thread::id id) { return id == self; });
  });
}

}  // namespace memory

ReclaimRegistration::ReclaimRegistration(std::shared_ptr<memory::RegisteredReclaimer> registered)
    : registered_(std::move(registered)) {}

ReclaimRegistration& ReclaimRegistration::operator=(ReclaimRegistration&& other) noexcept {
  if (this == &other) return *this;
  release();
  registered_ = std::move(other.registered_);
  return *this;
}

void ReclaimRegistration::release() noexcept {
  if (registered_) registered_->end();
  registered_.reset();
}

}  // namespace plimsoll
