// `plimsoll serve` as a child process on a free port, and what its processes take.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

namespace plimsoll::bench {

class ServedProgram {
 public:
  /// Ends this program where that one does not start.
  ServedProgram(const std::string& program, const std::vector<std::string>& options);
  ~ServedProgram();
  ServedProgram(const ServedProgram&) = delete;
  ServedProgram& operator=(const ServedProgram&) = delete;

  int port() const { return port_; }

  struct Use {
    std::size_t server_bytes = 0;  // anonymous, resident
    std::size_t engine_bytes = 0;  // of the worker's process
    std::size_t bytes() const { return server_bytes + engine_bytes; }
  };
  /// Asks the server who its worker is.
  Use use() const;
  /// Open ones of the server's process. Asks nobody: a question would open one.
  std::size_t descriptors() const;

  /// SIGTERM, and its exit code; 128 + signal where one ended it.
  int end();

 private:
  pid_t pid_ = 0;
  int port_ = 0;
};

}  // namespace plimsoll::bench
