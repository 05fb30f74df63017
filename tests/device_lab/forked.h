// Work in a process of its own, and a line to it.
#pragma once

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <type_traits>
#include <utility>

namespace plimsoll::test {

/// One end of a line between two processes that are the same program.
class Line {
 public:
  explicit Line(int socket) : socket_(socket) {}
  Line(const Line&) = delete;
  Line& operator=(const Line&) = delete;
  ~Line() { hang_up(); }

  void hang_up() {
    if (socket_ >= 0) close(std::exchange(socket_, -1));
  }

  template <typename T>
  void send(const T& value) {
    static_assert(std::is_trivially_copyable_v<T>);
    ::send(socket_, &value, sizeof value, MSG_NOSIGNAL);
  }
  /// Blocking. Empty when the process at the other end has gone.
  template <typename T>
  std::optional<T> receive() {
    T value{};
    if (recv(socket_, &value, sizeof value, MSG_WAITALL) != sizeof value) return std::nullopt;
    return value;
  }

 private:
  int socket_;
};

class Forked {
 public:
  /// Runs `work`, given the child's end, in a copy of the calling process.
  /// REQUIRES: the calling process has one thread.
  template <typename Work>
  explicit Forked(Work work) : Forked(work, sockets()) {}
  Forked(const Forked&) = delete;
  Forked& operator=(const Forked&) = delete;

  /// Blocking: hangs up, which a child that listens takes as its end.
  ~Forked() {
    line_.hang_up();
    wait();
  }

  Line& line() { return line_; }

  /// Ends it wherever it is.
  void end() {
    if (child_ > 0) kill(child_, SIGKILL);
    wait();
  }

  /// Blocking. The exit code, or 128 + the signal that ended it.
  int wait() {
    if (child_ > 0) waitpid(std::exchange(child_, 0), &status_, 0);
    return WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
  }

 private:
  static std::array<int, 2> sockets() {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::abort();
    return ends;
  }
  template <typename Work>
  Forked(Work& work, std::array<int, 2> ends) : line_(ends[0]), child_(fork()) {
    if (child_ == 0) {
      close(ends[0]);
      Line line(ends[1]);
      work(line);
      std::_Exit(0);
    }
    close(ends[1]);
  }

  Line line_;
  pid_t child_;
  int status_ = 0;
};

}  // namespace plimsoll::test
