#include "base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <utility>

#include "base/spawn_settings.h"

#if defined(__APPLE__)
extern char** environ;  // declared by glibc alone
#endif

namespace plimsoll {

namespace {

constexpr int kLookUpEveryMs = 20;
constexpr std::size_t kLongestComplaint = 4096;
constexpr rlim_t kStackBytes = rlim_t{2} << 20;  // of a program whose data is limited
constexpr int kReadsOfAFullPipe = 64;            // of what it holds, 64 KiB

struct Pipe {
  FileDescriptor reader, writer;
};

// Non-blocking at our end only: the program's end is an ordinary stream.
Pipe make_pipe() {
  std::array<int, 2> ends{-1, -1};
  if (::pipe(ends.data()) != 0) return {};
  for (const int end : ends) ::fcntl(end, F_SETFD, FD_CLOEXEC);
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {FileDescriptor(ends[0]), FileDescriptor(ends[1])};
}

bool is_set(const std::atomic<bool>* cancelled) {
  return cancelled != nullptr && cancelled->load(std::memory_order_relaxed);
}

ErrorCode code_of(int reason) {
  if (reason == ENOENT) return ErrorCode::not_found;
  return reason == ENOMEM || reason == EAGAIN ? ErrorCode::out_of_memory : ErrorCode::io;
}

#ifdef __linux__
// The new program has not got beyond loading its libraries yet. Where a limit can not be set there is none.
void hold_to(const ProcessLimits& limits, pid_t pid) {
  if (limits.data_bytes > 0) {
    const rlimit data{limits.data_bytes, limits.data_bytes};
    ::prlimit(pid, RLIMIT_DATA, &data, nullptr);
    // Each thread's stack counts in full; that of the C library's choice is 8 MiB.
    rlimit stack{};
    if (::prlimit(pid, RLIMIT_STACK, nullptr, &stack) == 0) {
      stack.rlim_cur = std::min<rlim_t>(stack.rlim_cur, kStackBytes);
      ::prlimit(pid, RLIMIT_STACK, &stack, nullptr);
    }
  }
  if (limits.killed_first) std::ofstream("/proc/" + std::to_string(pid) + "/oom_score_adj") << 1000;
}
#else
void hold_to(const ProcessLimits&, pid_t) {}
#endif

tl::unexpected<Error> cancelled_error() { return fail(ErrorCode::cancelled, "the reading was cancelled"); }

}  // namespace

ChildProcess::ChildProcess(pid_t pid, FileDescriptor out, FileDescriptor err)
    : pid_(pid), out_(std::move(out)), err_(std::move(err)) {}

ChildProcess::ChildProcess(ChildProcess&& other) noexcept
    : pid_(std::exchange(other.pid_, 0)),
      out_(std::move(other.out_)),
      err_(std::move(other.err_)),
      complaint_(std::move(other.complaint_)),
      err_open_(other.err_open_) {}

ChildProcess::~ChildProcess() {
  if (pid_ == 0) return;
  ::kill(-pid_, SIGKILL);
  reap(0);
}

Expected<ChildProcess> ChildProcess::start(std::vector<std::string> command, const ProcessLimits& limits) {
  Pipe out = make_pipe(), err = make_pipe();
  if (!out.writer.is_open() || !err.writer.is_open()) {
    return fail(ErrorCode::io, command[0] + " can not be started (" + std::strerror(errno) + ")");
  }
  std::vector<char*> words;
  words.reserve(command.size() + 1);
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  const SpawnSettings settings({{out.writer.get(), STDOUT_FILENO}, {err.writer.get(), STDERR_FILENO}});
  pid_t pid = 0;
  const int reason =
      posix_spawnp(&pid, words[0], settings.actions(), settings.attributes(), words.data(), environ);
  if (reason != 0) {
    return fail(code_of(reason), command[0] + " can not be started (" + std::strerror(reason) + ")");
  }
  hold_to(limits, pid);
  return ChildProcess(pid, std::move(out.reader), std::move(err.reader));
}

// A program that nobody listens to stops when its stderr is full.
void ChildProcess::listen(int timeout_ms) {
  std::array<pollfd, 2> streams{pollfd{out_.get(), POLLIN, 0},
                                pollfd{err_open_ ? err_.get() : -1, POLLIN, 0}};
  ::poll(streams.data(), streams.size(), timeout_ms);
  if (streams[1].revents != 0) hear_complaint();
}

bool ChildProcess::hear_complaint() {
  std::array<char, 1024> bytes{};
  const ssize_t count = ::read(err_.get(), bytes.data(), bytes.size());
  if (count == 0) err_open_ = false;
  if (count <= 0) return false;
  keep({bytes.data(), static_cast<std::size_t>(count)});
  return true;
}

// What is too long loses its middle: the last words say what ended it.
void ChildProcess::keep(std::string_view complaint) {
  complaint_.append(complaint);
  if (complaint_.size() <= kLongestComplaint) return;
  complaint_.erase(kLongestComplaint / 2, complaint_.size() - kLongestComplaint);
}

const std::string& ChildProcess::complaint() {
  for (int i = 0; err_open_ && i < kReadsOfAFullPipe && hear_complaint(); ++i) continue;
  return complaint_;
}

Expected<std::size_t> ChildProcess::read_some(std::span<std::byte> into, const std::atomic<bool>* cancelled) {
  for (;;) {
    if (is_set(cancelled)) return cancelled_error();
    const ssize_t count = ::read(out_.get(), into.data(), into.size());
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno == EAGAIN) {
      listen(kLookUpEveryMs);
    } else if (errno != EINTR) {
      return fail(ErrorCode::io, std::string("a pipe can not be read (") + std::strerror(errno) + ")");
    }
  }
}

Expected<std::size_t> ChildProcess::read(std::span<std::byte> into, const std::atomic<bool>* cancelled) {
  std::size_t filled = 0;
  while (filled < into.size()) {
    const auto count = read_some(into.subspan(filled), cancelled);
    if (!count) return count;
    if (*count == 0) break;
    filled += *count;
  }
  return filled;
}

Expected<ChildEnd> ChildProcess::wait(const std::atomic<bool>* cancelled) {
  out_ = FileDescriptor();
  for (;;) {
    if (is_set(cancelled)) return cancelled_error();
    if (const auto status = reap(WNOHANG)) {
      complaint();
      return ChildEnd{WEXITSTATUS(*status), WIFSIGNALED(*status) ? WTERMSIG(*status) : 0,
                      std::move(complaint_)};
    }
    // Its streams close a moment before it can be waited for.
    listen(err_open_ ? kLookUpEveryMs : 1);
  }
}

std::optional<int> ChildProcess::reap(int options) {
  int status = 0;
  pid_t ended = 0;
  do {
    ended = ::waitpid(pid_, &status, options);
  } while (ended < 0 && errno == EINTR);
  if (ended == 0) return std::nullopt;
  pid_ = 0;
  return status;
}

}  // namespace plimsoll
