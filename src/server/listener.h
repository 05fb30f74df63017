// The socket that the server listens at. Thread-safe.
#pragma once

#include <string>

#include "base/file_descriptor.h"
#include "plimsoll/error.h"

namespace plimsoll::server {

struct Listener {
  FileDescriptor socket;  // does not block
  int port = 0;
};

/// `port` 0: one that is free. Fails with `invalid_argument` (no such address) or `io` (in use, not allowed).
Expected<Listener> listen_at(const std::string& host, int port);

}  // namespace plimsoll::server
