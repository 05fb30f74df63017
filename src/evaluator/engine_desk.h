// Where any thread asks the engine's for something that only that one may do. The engine's thread looks in
// between two steps of a generation, and when it has nothing else to do.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>

#include "base/work_thread.h"

namespace plimsoll {

class EngineDesk {
 public:
  using Work = std::function<std::size_t()>;
  /// Longer than one tile or one batch of the prompt takes, but on slow devices: those give nothing this
  /// time.
  static constexpr std::chrono::seconds kPatience{3};

  /// REQUIRES: `engine` has finished before this is destroyed.
  explicit EngineDesk(WorkThread& engine) : engine_(engine) {}

  /// Has `work` done by the engine's thread and returns what it returns; 0, with `work` never done, when that
  /// thread does not look in within `patience`. On the engine's thread: at once. Blocking; thread-safe.
  std::size_t ask(Work work, std::chrono::milliseconds patience = kPatience);

  /// The engine's thread: does what was asked for.
  void look_in();

 private:
  enum class State { waiting, running, done, withdrawn };
  struct Request {
    Work work;
    State state = State::waiting;
    std::size_t result = 0;
  };

  WorkThread& engine_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<Request>> requests_;
};

}  // namespace plimsoll
