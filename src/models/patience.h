// How long to wait between tries, and when to give up. Not thread-safe.
#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "plimsoll/cancel.h"

namespace plimsoll::models {

/// Waits, and returns false at once when cancelled meanwhile.
using Wait = std::function<bool(std::chrono::milliseconds)>;

/// By the system's clock. The flag must outlive it.
Wait wait_by_clock(const CancelFlag& cancel);

class Patience {
 public:
  explicit Patience(int tries) : tries_(tries) {}

  /// Another try has failed. The pause before the next one: a second, then twice as long each time, up to
  /// half a minute; longer where the server asks for it, up to two. Empty: that was the last one.
  std::optional<std::chrono::milliseconds> after_failure(std::optional<std::chrono::seconds> asked);

  /// There was progress: the next failure is a first one again.
  void renew() { failures_ = 0; }

 private:
  int tries_;
  int failures_ = 0;
};

}  // namespace plimsoll::models
