// Ctrl-C: the first one is a wish that the program grants, the second one is an order that the system does.
#pragma once

#include <csignal>
#include <functional>
#include <memory>
#include <thread>

namespace plimsoll::cli {

/// While it lives, SIGINT and SIGTERM call `on_interrupt` on a thread of its own; the next one ends the
/// process with 130. REQUIRES: made before any other thread, so that they inherit the blocked signals.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// Returns whether the signal arrived. Thread-safe.
  bool received() const;

  /// What to do when it arrives; at once if it has. An empty function: remember it only. What was set before
  /// is not running any more when this returns. REQUIRES: `on_interrupt` does not block.
  void call(std::function<void()> on_interrupt);

  /// The signal was heard and granted: the next one is a first one again.
  void rearm();

 private:
  struct State;
  std::shared_ptr<State> state_;
  sigset_t signals_{};
  std::thread thread_;
};

}  // namespace plimsoll::cli
