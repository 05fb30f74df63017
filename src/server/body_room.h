// How much memory the bodies of all requests may take together, from their first byte to the end of the
// answer. Thread-safe.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "server/api_error.h"

namespace plimsoll::server {

class BodyRoom {
 public:
  /// Of one body. As many as kBodies of the largest fit.
  explicit BodyRoom(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {}

  std::uint64_t limit_bytes() const { return limit_bytes_; }
  std::uint64_t taken_bytes() const { return taken_; }

  /// Gives the room back with the last copy of what it returns, which may not outlive this. Fails with
  /// `body_too_large`, or `queue_full` where others have the room.
  ApiExpected<std::shared_ptr<void>> take(std::uint64_t bytes);

  static constexpr std::uint64_t kBodies = 4;

 private:
  const std::uint64_t limit_bytes_;
  std::atomic<std::uint64_t> taken_ = 0;
};

}  // namespace plimsoll::server
