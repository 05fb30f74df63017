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
#include <fstream>
#include <optional>
#include <string>
#include <vector>

extern char** environ;

namespace plimsoll::bench {

struct Finished {
  int status = 0;  // as wait4(2) gives it
  bool over_time = false;
  double seconds = 0;
  std::optional<double> first_word_seconds;  // since the start, to the first byte of `out` that is not blank
  std::size_t peak_anonymous_bytes = 0;      // of what was seen every kSampleInterval
  rusage usage{};
  std::string out;
  std::string err;

  bool well() const { return status == 0; }
};

struct RunOptions {
  std::chrono::seconds limit = std::chrono::hours(1);  // killed when it takes longer
  bool interrupt_at_first_word = false;                // by SIGINT, as Ctrl-C does it
};

inline constexpr std::chrono::milliseconds kSampleInterval(20);

namespace detail {

using Clock = std::chrono::steady_clock;

// Anonymous resident memory of a running process: what only swapping could take away.
inline std::size_t anonymous_bytes(pid_t process) {
  std::ifstream status("/proc/" + std::to_string(process) + "/status");
  const std::string key = "RssAnon:";
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with(key)) return std::strtoul(line.c_str() + key.size(), nullptr, 10) * 1024;
  }
  return 0;
}

// A child while it runs.
class Watch {
 public:
  Watch(pid_t child, Clock::time_point start, const RunOptions& options, Finished& finished)
      : child_(child), start_(start), options_(options), finished_(finished) {}

  // Both of its streams until they end; a child that is over its time is killed.
  void drain(const std::array<int, 2>& ends) {
    std::array<pollfd, 2> streams{pollfd{ends[0], POLLIN, 0}, pollfd{ends[1], POLLIN, 0}};
    for (std::size_t open = streams.size(); open > 0;) {
      poll(streams.data(), streams.size(), static_cast<int>(kSampleInterval.count()));
      finished_.peak_anonymous_bytes = std::max(finished_.peak_anonymous_bytes, anonymous_bytes(child_));
      if (!finished_.over_time && Clock::now() > start_ + options_.limit)
        finished_.over_time = kill(child_, SIGKILL) == 0;
      for (pollfd& stream : streams) {
        if (stream.revents == 0) continue;
        if (take(stream.fd, &stream == &streams[0] ? finished_.out : finished_.err)) continue;
        stream.fd = -1;  // poll leaves it out
        --open;
      }
    }
  }

 private:
  // False at the stream's end.
  bool take(int from, std::string& text) {
    std::array<char, 4096> bytes{};
    const ssize_t count = read(from, bytes.data(), bytes.size());
    if (count <= 0) return false;
    text.append(bytes.data(), static_cast<std::size_t>(count));
    if (!finished_.first_word_seconds && finished_.out.find_first_not_of(" \t\r\n") != std::string::npos) {
      finished_.first_word_seconds = std::chrono::duration<double>(Clock::now() - start_).count();
      if (options_.interrupt_at_first_word) kill(child_, SIGINT);
    }
    return true;
  }

  pid_t child_;
  Clock::time_point start_;
  const RunOptions& options_;
  Finished& finished_;
};

}  // namespace detail

/// The first word is a path. Ends this program when it can not start.
inline Finished run(const std::vector<std::string>& command, const RunOptions& options = {}) {
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
  detail::Watch(child, start, options, finished).drain({out[0], err[0]});
  wait4(child, &finished.status, 0, &finished.usage);
  finished.seconds = std::chrono::duration<double>(detail::Clock::now() - start).count();
  close(out[0]), close(err[0]);
  return finished;
}

}  // namespace plimsoll::bench
