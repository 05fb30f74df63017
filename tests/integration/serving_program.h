// `plimsoll serve` as a child process on a free port, until the test is over.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "tests/integration/program.h"
#include "tests/unit/server/raw_client.h"

namespace plimsoll::test {

class ServingProgram {
 public:
  static std::vector<std::string> command(const std::vector<std::string>& options = {}) {
    std::vector<std::string> words{PLIMSOLL_PROGRAM, "serve", "--port", "0", "--temperature", "0"};
    words.insert(words.end(), options.begin(), options.end());
    return words;
  }

  explicit ServingProgram(const std::vector<std::string>& options = {})
      : ServingProgram(start_command(command(options))) {}
  /// `started`: command(), or what becomes it.
  explicit ServingProgram(Running started) : child_(std::move(started)) {
    std::string line;
    for (char c = 0; read(child_.out, &c, 1) == 1 && c != '\n';) line += c;
    said_ = line;
    const auto colon = line.find(':', line.find("http://") + 7);
    if (colon != std::string::npos) port_ = std::stoi(line.substr(colon + 1));
  }
  ~ServingProgram() {
    if (child_.pid != 0) {
      kill(child_.pid, SIGKILL);
      wait_for_end(child_.pid);
    }
    close(child_.in), close(child_.out), close(child_.err);
  }
  ServingProgram(const ServingProgram&) = delete;
  ServingProgram& operator=(const ServingProgram&) = delete;

  const std::string& said() const { return said_; }
  int port() const { return port_; }
  pid_t pid() const { return child_.pid; }
  void signal(int number) const { kill(child_.pid, number); }
  int wait() {
    const int code = wait_for_end(child_.pid);
    child_.pid = 0;
    return code;
  }

 private:
  Running child_;
  std::string said_;
  int port_ = 0;
};

}  // namespace plimsoll::test
