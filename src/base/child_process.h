// A program that runs beside us and is read from. It never outlives its owner.
#pragma once

#include <plimsoll/error.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/file_descriptor.h"

namespace plimsoll {

/// How a program ended.
struct ChildEnd {
  int exit_code = 0;
  int signal = 0;         // that ended it; 0: none did
  std::string complaint;  // the beginning of what it wrote to stderr
};

/// Move-only; belongs to one thread. The destructor kills what still runs. Each blocking function looks at
/// `cancelled`, which may be null, every 20 ms and then fails with `cancelled`.
class ChildProcess {
 public:
  /// `command[0]` is looked up in $PATH; no shell is involved. Its stdin is empty. Fails with `not_found` or
  /// `io`.
  static Expected<ChildProcess> start(std::vector<std::string> command);
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Fills `into` from its stdout; returns less than into.size() only where that ended. Blocking.
  Expected<std::size_t> read(std::span<std::byte> into, const std::atomic<bool>* cancelled);

  /// What its stdout has, at least one byte; 0 only where that ended. Blocking.
  Expected<std::size_t> read_some(std::span<std::byte> into, const std::atomic<bool>* cancelled);

  /// Waits until it ended; what it still writes to stdout is not wanted. Blocking. REQUIRES: called once.
  Expected<ChildEnd> wait(const std::atomic<bool>* cancelled);

 private:
  ChildProcess(pid_t pid, FileDescriptor out, FileDescriptor err);
  void listen(int timeout_ms);
  bool hear_complaint();                 // whether there may be more of it
  std::optional<int> reap(int options);  // the status that waitpid(2) gives

  pid_t pid_ = 0;  // 0: it was waited for
  FileDescriptor out_;
  FileDescriptor err_;
  std::string complaint_;
  bool err_open_ = true;
};

}  // namespace plimsoll
