#include "server/thread_lane.h"

#include <chrono>
#include <system_error>
#include <thread>
#include <utility>

namespace plimsoll::server {

namespace {

// A thread that had nothing to do for so long gives its stack back.
constexpr std::chrono::seconds kIdle{5};

}  // namespace

ThreadLane::ThreadLane(std::size_t threads, std::size_t waiting)
    : most_threads_(threads), most_waiting_(waiting) {}

bool ThreadLane::post(std::function<void()> work) {
  std::lock_guard lock(state_->mutex);
  if (state_->finishing) return false;
  const bool needs_thread = state_->idle <= state_->work.size();
  if (needs_thread && state_->threads == most_threads_ &&
      state_->work.size() >= most_waiting_ + state_->idle) {
    return false;
  }
  if (needs_thread && state_->threads < most_threads_) {
    try {
      std::thread(run, state_).detach();  // finish() waits for it by counting
      ++state_->threads;
    } catch (const std::system_error&) {
      if (state_->threads == 0) return false;
    }
  }
  state_->work.push_back(std::move(work));
  state_->wake.notify_one();
  return true;
}

void ThreadLane::run(const std::shared_ptr<State>& state) {
  std::unique_lock lock(state->mutex);
  for (;;) {
    ++state->idle;
    const bool woken =
        state->wake.wait_for(lock, kIdle, [&] { return !state->work.empty() || state->finishing; });
    --state->idle;
    if (!woken || state->work.empty()) break;
    auto work = std::move(state->work.front());
    state->work.pop_front();
    lock.unlock();
    work();
    work = {};
    lock.lock();
  }
  --state->threads;
  state->ended.notify_all();
}

void ThreadLane::finish() {
  std::unique_lock lock(state_->mutex);
  state_->finishing = true;
  state_->wake.notify_all();
  state_->ended.wait(lock, [&] { return state_->threads == 0; });
}

}  // namespace plimsoll::server
