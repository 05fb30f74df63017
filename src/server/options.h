// What the server can be told. A plain value.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "plimsoll/size.h"
#include "server/reception_limits.h"

namespace plimsoll::server {

struct ServerOptions {
  std::string host = "127.0.0.1";
  int port = 8080;        // 0: one that is free
  std::string api_key{};  // empty: nobody is asked
  std::size_t max_queue = 16;
  std::uint64_t max_body_bytes = 32 * kMiB;
  bool allow_remote_images = false;
  bool metrics = false;
  std::string allow_origin{};                  // a page of this origin may ask; empty: none but our own
  std::optional<std::string> system_prompt{};  // where a client sends none; empty: the model's own
  std::string version{};
  ReceptionLimits reception{};
};

}  // namespace plimsoll::server
