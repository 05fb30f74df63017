// What a call costs the thread that makes it: the time in which that thread computed, or slept. The time in
// which the machine gave its processor to somebody else is not the call's doing and is left out.
#pragma once

#include <chrono>
#include <cstdint>

namespace plimsoll::prove {

/// How long the calling thread has waited for a processor although it could run, since it began. Zero where
/// the system does not say. Takes some microseconds.
std::chrono::nanoseconds waited_for_processor();

/// Measures from its construction. Belongs to one thread.
class CallerTime {
 public:
  CallerTime();
  /// Milliseconds since then that the thread was blocked or busy.
  double blocked_ms() const;

 private:
  std::chrono::nanoseconds waited_;
  std::int64_t sleeps_;
  std::chrono::nanoseconds busy_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace plimsoll::prove
