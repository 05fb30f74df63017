#include "base/work_thread.h"

#include <sys/resource.h>
#include <unistd.h>

namespace plimsoll {

namespace {

void lower_priority() {
#if defined(__linux__)
  constexpr int kLowestNice = 19;  // on Linux setpriority(2) takes a thread
  setpriority(PRIO_PROCESS, static_cast<id_t>(gettid()), kLowestNice);
#endif
}

}  // namespace

WorkThread::WorkThread(Priority priority) : thread_([this, priority] { run(priority); }) {}

void WorkThread::finish() {
  {
    std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void WorkThread::post(std::function<void()> work) {
  {
    std::lock_guard lock(mutex_);
    if (ended_) return;
    queue_.push_back(std::move(work));
  }
  wake_.notify_one();
}

void WorkThread::run(Priority priority) {
  if (priority == Priority::low) lower_priority();
  std::unique_lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [this] { return finishing_ || !queue_.empty(); });
    if (queue_.empty()) break;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // what it captured is let go before the next wait
    lock.lock();
  }
  ended_ = true;
}

}  // namespace plimsoll
