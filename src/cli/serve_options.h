// What `plimsoll serve` can be told, on the command line or in the environment.
#pragma once

#include <CLI/App.hpp>
#include <optional>
#include <string>

#include "server/options.h"
#include "session/options.h"

namespace plimsoll::cli {

struct ServeOptions {
  session::SessionOptions session;
  server::ServerOptions server;
  std::string api_key_file;
  int shutdown_seconds = 0;
  bool no_worker = false;

  void add_to(CLI::App& command);
};

/// The key in the file's first line. Fails with `io`, or `invalid_argument` where it has none.
Expected<std::string> read_key_file(const std::string& path);

}  // namespace plimsoll::cli
