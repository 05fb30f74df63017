#include "pressure/listener_list.h"

#include <utility>

namespace plimsoll {
namespace pressure {

PressureSubscription ListenerList::add(PressureListener& listener) {
  const std::lock_guard lock(mutex_);
  listeners_.emplace(next_id_, &listener);
  return {shared_from_this(), next_id_++};
}

void ListenerList::remove(std::uint64_t id) noexcept {
  std::unique_lock lock(mutex_);
  listeners_.erase(id);
  if (caller_ == std::this_thread::get_id()) return;
  call_ended_.wait(lock, [&] { return called_id_ != id; });
}

void ListenerList::for_each(const std::function<void(PressureListener&)>& tell) {
  std::unique_lock lock(mutex_);
  caller_ = std::this_thread::get_id();
  const std::uint64_t end = next_id_;
  for (auto next = listeners_.begin(); next != listeners_.end() && next->first < end;) {
    called_id_ = next->first;
    PressureListener& listener = *next->second;
    lock.unlock();
    tell(listener);
    lock.lock();
    next = listeners_.upper_bound(called_id_);
    called_id_ = 0;
    call_ended_.notify_all();
  }
  caller_ = {};
}

}  // namespace pressure

PressureSubscription::PressureSubscription(std::shared_ptr<pressure::ListenerList> list, std::uint64_t id)
    : list_(std::move(list)), id_(id) {}

PressureSubscription::PressureSubscription(PressureSubscription&& other) noexcept
    : list_(std::move(other.list_)), id_(other.id_) {}

PressureSubscription& PressureSubscription::operator=(PressureSubscription&& other) noexcept {
  if (this != &other) {
    end();
    list_ = std::move(other.list_);
    id_ = other.id_;
  }
  return *this;
}

void PressureSubscription::end() noexcept {
  if (const auto list = std::exchange(list_, nullptr)) list->remove(id_);
}

}  // namespace plimsoll
