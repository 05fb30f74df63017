// A program run to its end, as the kernel accounts for it.
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

extern char** environ;

namespace plimsoll::bench {

struct Finished {
  int status = 0;  // as wait4(2) gives it
  bool over_time = false;
  double seconds = 0;
  rusage usage{};
  std::string out;
  std::string err;

  bool well() const { return status == 0; }
};

namespace detail {

using Clock = std::chrono::steady_clock;

// Both of its streams until they end or `deadline` comes; then the child is killed. True when it was.
inline bool drain(pid_t child, const std::array<int, 2>& ends, Clock::time_point deadline,
                  Finished& finished) {
  std::array<pollfd, 2> streams{pollfd{ends[0], POLLIN, 0}, pollfd{ends[1], POLLIN, 0}};
  bool killed = false;
  for (std::size_t open = streams.size(); open > 0;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
    if (left <= 0 && !killed) killed = kill(child, SIGKILL) == 0;
    poll(streams.data(), streams.size(), killed ? -1 : static_cast<int>(std::clamp<long>(left, 0, 1000)));
    for (pollfd& stream : streams) {
      if (stream.revents == 0) continue;
      std::array<char, 4096> bytes{};
      const ssize_t count = read(stream.fd, bytes.data(), bytes.size());
      if (count <= 0) {
        stream.fd = -1;  // poll leaves it out
        --open;
      } else {
        std::string& text = &stream == &streams[0] ? finished.out : finished.err;
        text.append(bytes.data(), static_cast<std::size_t>(count));
      }
    }
  }
  return killed;
}

}  // namespace detail

/// The first word is a path. Killed when it takes longer than `limit`. Ends this program when it can not
/// start.
inline Finished run(const std::vector<std::string>& command,
                    std::chrono::seconds limit = std::chrono::hours(1)) {
  std::vector<char*> words;
  for (const std::string& word : command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  std::array<int, 2> out{}, err{};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  pid_t child = 0;
  const auto start = detail::Clock::now();
  if (pipe2(out.data(), O_CLOEXEC) != 0 || pipe2(err.data(), O_CLOEXEC) != 0 ||
      posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) != 0 ||
      posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO) != 0 ||
      posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO) != 0 ||
      posix_spawn(&child, words[0], &actions, nullptr, words.data(), environ) != 0) {
    std::fprintf(stderr, "%s can not be started\n", words[0]);
    std::exit(1);
  }
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]), close(err[1]);

  Finished finished;
  finished.over_time = detail::drain(child, {out[0], err[0]}, start + limit, finished);
  wait4(child, &finished.status, 0, &finished.usage);
  finished.seconds = std::chrono::duration<double>(detail::Clock::now() - start).count();
  close(out[0]), close(err[0]);
  return finished;
}

}  // namespace plimsoll::bench
