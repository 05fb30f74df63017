// How patient the reception is with those who have not asked yet. A plain value.
#pragma once

#include <chrono>
#include <cstddef>

namespace plimsoll::server {

struct ReceptionLimits {
  std::size_t connections = 512;  // beyond, whoever has been slow the longest is dropped
  std::size_t head_bytes = 16 * 1024;
  std::size_t request_line_bytes = 4096;
  // A body up to this size is received here as well; a larger one by the thread that answers.
  std::size_t small_body_bytes = 64 * 1024;
  std::chrono::milliseconds head_time{10'000};   // for a request's head and small body, from its first byte
  std::chrono::milliseconds idle_time{60'000};   // between two requests
  std::chrono::milliseconds linger_time{2'000};  // for what a refused client still sends
};

}  // namespace plimsoll::server
