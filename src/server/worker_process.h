// A worker's process and our end of the socket to it. It never outlives the thread that started it: the
// kernel kills it when that ends, and it ends when the socket does.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "plimsoll/error.h"

namespace plimsoll::server {

/// Where a worker finds its end of the socket.
inline constexpr int kWorkerDescriptor = 3;

/// This program, as a worker.
struct WorkerCommand {
  std::string program = "/proc/self/exe";
  std::vector<std::string> arguments{"engine-worker"};
};

/// How a process ended.
struct ProcessEnd {
  int exit_code = 0;
  int signal = 0;  // that ended it; 0: none did
  /// "was killed by signal 9", "ended with exit code 3".
  std::string sentence() const;
};

/// Move-only. Belongs to one thread, which must live as long as it does.
class WorkerProcess {
 public:
  /// Nothing of this process is open in the new one but the standard streams (stdin is empty, stdout is our
  /// stderr) and the socket. It has a process group of its own, so that Ctrl-C reaches us alone, and SIGINT,
  /// SIGTERM, SIGHUP and SIGPIPE blocked. Fails with `io` or `not_found`.
  static Expected<WorkerProcess> start(const WorkerCommand& command);
  WorkerProcess(WorkerProcess&& other) noexcept;
  WorkerProcess& operator=(WorkerProcess&&) = delete;
  ~WorkerProcess();

  pid_t pid() const { return pid_; }
  /// Does not block.
  int descriptor() const { return socket_.get(); }

  /// Blocking until it is gone; kills it where it still runs. REQUIRES: called once.
  ProcessEnd reap();

 private:
  WorkerProcess(pid_t pid, FileDescriptor socket);

  pid_t pid_ = 0;  // 0: it was waited for
  FileDescriptor socket_;
};

/// What a worker does first: it ends with its parent, the kernel prefers it when memory runs out, and nothing
/// that it starts inherits the socket. Fails with `invalid_argument` where nobody started it as a worker.
Expected<void> become_worker(int descriptor);

}  // namespace plimsoll::server
