// The program as a child process: its output, its errors, how it ended.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>
#include <vector>

extern char** environ;

namespace plimsoll::test {

inline const std::string kExamples = std::string(PLIMSOLL_SOURCE_DIR) + "/models/plimsoll-tiny/examples/";

struct Ended {
  int exit_code = -1;  // 128 + signal when one ended it
  std::string out;
  std::string err;
};

/// A child that runs, and our ends of its standard streams.
struct Running {
  pid_t pid = 0;
  int in = -1, out = -1, err = -1;
};

/// The first word of `command` is a path.
inline Running start_command(std::vector<std::string> command) {
  std::array<int, 2> in{}, out{}, err{};
  EXPECT_EQ(pipe2(in.data(), O_CLOEXEC) + pipe2(out.data(), O_CLOEXEC) + pipe2(err.data(), O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, in[0], STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, err[1], STDERR_FILENO);
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  pid_t child = 0;
  EXPECT_EQ(posix_spawn(&child, words[0], &actions, nullptr, words.data(), environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  close(in[0]), close(out[1]), close(err[1]);
  return {child, in[1], out[0], err[0]};
}

/// Its exit code, 128 + signal when one ended it.
inline int wait_for_end(pid_t child) {
  int status = 0;
  waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/// `input` goes to its standard input. `on_output` is called with its process id whenever stdout brought
/// something.
inline Ended run_command(std::vector<std::string> command, const std::string& input = "",
                         const std::function<void(pid_t)>& on_output = {}) {
  const Running child = start_command(std::move(command));
  EXPECT_EQ(write(child.in, input.data(), input.size()), static_cast<ssize_t>(input.size()));
  close(child.in);

  Ended ended;
  std::array<pollfd, 2> streams{pollfd{child.out, POLLIN, 0}, pollfd{child.err, POLLIN, 0}};
  for (int open = 2; open > 0;) {
    poll(streams.data(), streams.size(), -1);
    for (pollfd& stream : streams) {
      if (stream.revents == 0) continue;
      std::array<char, 4096> bytes{};
      const ssize_t count = read(stream.fd, bytes.data(), bytes.size());
      if (count <= 0) {
        close(stream.fd);
        stream.fd = -1;
        --open;
      } else if (&stream == &streams[0]) {
        ended.out.append(bytes.data(), static_cast<std::size_t>(count));
        if (on_output) on_output(child.pid);
      } else {
        ended.err.append(bytes.data(), static_cast<std::size_t>(count));
      }
    }
  }
  ended.exit_code = wait_for_end(child.pid);
  return ended;
}

inline Ended run_program(const std::vector<std::string>& arguments, const std::string& input = "",
                         const std::function<void(pid_t)>& on_output = {}) {
  std::vector<std::string> command = {PLIMSOLL_PROGRAM};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return run_command(std::move(command), input, on_output);
}

}  // namespace plimsoll::test
