#include "cli/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <mutex>
#include <utility>

#include "cli/exit_code.h"

namespace plimsoll::cli {

struct Interrupt::State {
  std::mutex mutex;
  std::function<void()> on_interrupt;
  int received = 0;
  bool over = false;
};

Interrupt::Interrupt() : state_(std::make_shared<State>()) {
  sigemptyset(&signals_);
  sigaddset(&signals_, SIGINT);
  sigaddset(&signals_, SIGTERM);
  sigaddset(&signals_, SIGUSR1);  // how the destructor wakes the thread
  pthread_sigmask(SIG_BLOCK, &signals_, nullptr);
  thread_ = std::thread([state = state_, signals = signals_] {
    for (int signal = 0; sigwait(&signals, &signal) == 0;) {
      std::lock_guard lock(state->mutex);
      if (state->over) return;
      if (signal == SIGUSR1) continue;
      if (state->received++ > 0) _exit(static_cast<int>(ExitCode::interrupted));
      if (state->on_interrupt) state->on_interrupt();
    }
  });
}

Interrupt::~Interrupt() {
  {
    std::lock_guard lock(state_->mutex);
    state_->over = true;
  }
  pthread_kill(thread_.native_handle(), SIGUSR1);
  thread_.join();
}

bool Interrupt::received() const {
  std::lock_guard lock(state_->mutex);
  return state_->received > 0;
}

void Interrupt::call(std::function<void()> on_interrupt) {
  std::lock_guard lock(state_->mutex);
  state_->on_interrupt = std::move(on_interrupt);
  if (state_->received > 0 && state_->on_interrupt) state_->on_interrupt();
}

void Interrupt::rearm() {
  std::lock_guard lock(state_->mutex);
  state_->received = 0;
}

}  // namespace plimsoll::cli
