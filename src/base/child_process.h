// A program that runs beside us and is read from. It never outlives its owner.
#pragma once

#include <plimsoll/error.h>
#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/file_descriptor.h"

namespace plimsoll {

/// How a program ended.
struct ChildEnd {
  int exit_code = 0;
  int signal = 0;         // that ended it; 0: none did
  std::string complaint;  // the beginning and the end of what it wrote to stderr
};

/// What the kernel holds a program to, where it is Linux; elsewhere to nothing.
struct ProcessLimits {
  /// Bytes of its heap, its writable mappings and its threads' stacks (RLIMIT_DATA), whether it uses them or
  /// not. An allocation beyond them fails. 0: no limit.
  std::size_t data_bytes = 0;
  /// When memory runs out, the kernel kills it before any other process.
  bool killed_first = false;
};

/// Move-only; belongs to one thread. The destructor kills what still runs. Each blocking function looks at
/// `cancelled`, which may be null, every 20 ms and then fails with `cancelled`.
class ChildProcess {
 public:
  /// `command[0]` is looked up in $PATH; no shell is involved. Its stdin is empty. Fails with `not_found` or
  /// `io`, or with `out_of_memory` where the system has no memory for another process.
  static Expected<ChildProcess> start(std::vector<std::string> command, const ProcessLimits& limits = {});
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&&) = delete;
  ~ChildProcess();

  /// Fills `into` from its stdout; returns less than into.size() only where that ended. Blocking.
  Expected<std::size_t> read(std::span<std::byte> into, const std::atomic<bool>* cancelled);

  /// What its stdout has, at least one byte; 0 only where that ended. Blocking.
  Expected<std::size_t> read_some(std::span<std::byte> into, const std::atomic<bool>* cancelled);

  /// What it wrote to stderr so far, as in ChildEnd. Does not block.
  const std::string& complaint();

  /// Waits until it ended; what it still writes to stdout is not wanted. Blocking. REQUIRES: called once.
  Expected<ChildEnd> wait(const std::atomic<bool>* cancelled);

 private:
  ChildProcess(pid_t pid, FileDescriptor out, FileDescriptor err);
  void listen(int timeout_ms);
  bool hear_complaint();  // whether there may be more of it
  void keep(std::string_view complaint);
  std::optional<int> reap(int options);  // the status that waitpid(2) gives

  pid_t pid_ = 0;  // 0: it was waited for
  FileDescriptor out_;
  FileDescriptor err_;
  std::string complaint_;
  bool err_open_ = true;
};

}  // namespace plimsoll
