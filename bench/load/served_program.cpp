#include "bench/load/served_program.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <iterator>
#include <nlohmann/json.hpp>

#include "bench/child_process.h"
#include "tests/unit/server/raw_client.h"

namespace plimsoll::bench {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void give_up(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

// The end of "Plimsoll listens at http://127.0.0.1:40404 (model ...".
int port_said_by(int out) {
  std::string line;
  for (char c = 0; ::read(out, &c, 1) == 1 && c != '\n';) line += c;
  const std::string host = "http://127.0.0.1:";
  const auto found = line.find(host);
  return found == std::string::npos ? 0 : std::atoi(line.c_str() + found + host.size());
}

}  // namespace

ServedProgram::ServedProgram(const std::string& program, const std::vector<std::string>& options) {
  std::vector<std::string> command{program, "serve", "--port", "0"};
  command.insert(command.end(), options.begin(), options.end());
  std::vector<char*> words;
  for (std::string& word : command) words.push_back(word.data());
  words.push_back(nullptr);
  std::array<int, 2> out{};
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  if (pipe2(out.data(), O_CLOEXEC) != 0 ||
      posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO) != 0 ||
      posix_spawn(&pid_, words[0], &actions, nullptr, words.data(), environ) != 0) {
    give_up(program + " can not be started");
  }
  posix_spawn_file_actions_destroy(&actions);
  close(out[1]);
  port_ = port_said_by(out[0]);
  close(out[0]);
  if (port_ == 0) give_up(program + " serve did not say where it listens");
}

ServedProgram::~ServedProgram() {
  if (pid_ == 0) return;
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

ServedProgram::Use ServedProgram::use() const {
  Use use{.server_bytes = detail::anonymous_bytes(pid_)};
  const auto health = nlohmann::json::parse(test::ask(port_, "GET", "/health").body, nullptr, false);
  if (health.is_object() && health["worker"]["pid"].is_number()) {
    const auto worker = health["worker"]["pid"].get<pid_t>();
    if (worker != pid_) use.engine_bytes = detail::anonymous_bytes(worker);
  }
  return use;
}

std::size_t ServedProgram::descriptors() const {
  std::error_code gone;
  std::size_t count = 0;
  for (fs::directory_iterator entry("/proc/" + std::to_string(pid_) + "/fd", gone), end; entry != end;
       entry.increment(gone)) {
    ++count;
  }
  return count;
}

int ServedProgram::end() {
  kill(pid_, SIGTERM);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace plimsoll::bench
