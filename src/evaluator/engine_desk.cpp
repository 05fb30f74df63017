#include "evaluator/engine_desk.h"

#include <utility>

namespace plimsoll {

std::size_t EngineDesk::ask(Work work, std::chrono::milliseconds patience) {
  if (engine_.runs_here()) return work();
  auto request = std::make_shared<Request>(Request{.work = std::move(work)});
  {
    std::lock_guard lock(mutex_);
    requests_.push_back(request);
  }
  engine_.post([this] { look_in(); });
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, patience, [&] { return request->state != State::waiting; })) {
    request->state = State::withdrawn;
    return 0;
  }
  changed_.wait(lock, [&] { return request->state == State::done; });
  return request->result;
}

void EngineDesk::look_in() {
  std::unique_lock lock(mutex_);
  while (!requests_.empty()) {
    const auto request = std::move(requests_.front());
    requests_.pop_front();
    if (request->state == State::withdrawn) continue;
    request->state = State::running;
    changed_.notify_all();
    lock.unlock();
    const std::size_t result = request->work();
    lock.lock();
    request->result = result;
    request->state = State::done;
    changed_.notify_all();
  }
}

}  // namespace plimsoll
