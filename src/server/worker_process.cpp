#include "server/worker_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/spawn_settings.h"

#ifdef __linux__
#include <sys/prctl.h>
#endif
#ifdef __APPLE__
extern char** environ;  // declared by glibc alone
#endif

namespace plimsoll::server {

namespace {

tl::unexpected<Error> not_started(int reason) {
  return fail(reason == ENOENT ? ErrorCode::not_found : ErrorCode::io,
              std::string("the engine's process can not be started (") + std::strerror(reason) + ")");
}

#ifdef __linux__
// Raising it needs no right; where /proc is not there, the kernel's own choice stands.
void raise_oom_score() {
  constexpr int kRaise = 300;  // of 1000: as if it held a third of the machine more
  constexpr int kMost = 1000;
  int score = 0;
  std::ifstream("/proc/self/oom_score_adj") >> score;
  std::ofstream("/proc/self/oom_score_adj") << std::min(score + kRaise, kMost);
}
#endif

}  // namespace

std::string ProcessEnd::sentence() const {
  return signal != 0 ? "was killed by signal " + std::to_string(signal)
                     : "ended with exit code " + std::to_string(exit_code);
}

Expected<WorkerProcess> WorkerProcess::start(const WorkerCommand& command) {
  std::array<int, 2> ends{-1, -1};
#ifdef __linux__
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) return not_started(errno);
#else
  if (::socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) return not_started(errno);
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
#endif
  FileDescriptor ours(ends[0]), theirs(ends[1]);
  ::fcntl(ours.get(), F_SETFL, O_NONBLOCK);

  std::vector<std::string> texts{command.program};
  texts.insert(texts.end(), command.arguments.begin(), command.arguments.end());
  std::vector<char*> words;
  for (std::string& text : texts) words.push_back(text.data());
  words.push_back(nullptr);
  const SpawnSettings settings({{STDERR_FILENO, STDOUT_FILENO}, {theirs.get(), kWorkerDescriptor}},
                               {SIGINT, SIGTERM, SIGHUP, SIGPIPE});
  pid_t pid = 0;
  const int reason =
      posix_spawn(&pid, words[0], settings.actions(), settings.attributes(), words.data(), environ);
  if (reason != 0) return not_started(reason);
  return WorkerProcess(pid, std::move(ours));
}

WorkerProcess::WorkerProcess(pid_t pid, FileDescriptor socket) : pid_(pid), socket_(std::move(socket)) {}

WorkerProcess::WorkerProcess(WorkerProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)), socket_(std::move(other.socket_)) {}

WorkerProcess::~WorkerProcess() {
  if (pid_ != 0) reap();
}

ProcessEnd WorkerProcess::reap() {
  ::kill(pid_, SIGKILL);  // one that has ended already keeps the way it did
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_, &status, 0);
  } while (ended < 0 && errno == EINTR);
  pid_ = 0;
  if (ended < 0) return {};
  if (WIFSIGNALED(status)) return {.signal = WTERMSIG(status)};
  return {.exit_code = WEXITSTATUS(status)};
}

Expected<void> become_worker(int descriptor) {
  int type = 0;
  socklen_t size = sizeof(type);
  if (::getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) != 0 || type != SOCK_STREAM) {
    return fail(ErrorCode::invalid_argument, "this command is started by plimsoll serve alone");
  }
  ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
#ifdef __linux__
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  raise_oom_score();
#endif
  return {};
}

}  // namespace plimsoll::server
