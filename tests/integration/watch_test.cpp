// plimsoll watch beside a plimsoll that runs.
#include <sys/stat.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/integration/program.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

using nlohmann::json;

std::string read_until(int end, const std::string& mark) {
  std::string seen;
  std::array<char, 4096> bytes{};
  while (seen.find(mark) == std::string::npos) {
    const ssize_t count = read(end, bytes.data(), bytes.size());
    EXPECT_GT(count, 0) << seen;
    if (count <= 0) break;
    seen.append(bytes.data(), static_cast<std::size_t>(count));
  }
  return seen;
}

// A chat that has answered a question and waits for the next one.
class AnsweredChat {
 public:
  AnsweredChat() : child_(start_command({PLIMSOLL_PROGRAM, "chat", "--temperature", "0"})) {
    say("What is this?\n/memory\n");
    read_until(child_.out, "\n");
    read_until(child_.err, "footprint");
  }
  ~AnsweredChat() {
    quit();
    for (const int end : {child_.in, child_.out, child_.err}) close(end);
  }
  AnsweredChat(const AnsweredChat&) = delete;
  AnsweredChat& operator=(const AnsweredChat&) = delete;

  std::string pid() const { return std::to_string(child_.pid); }
  void say(const std::string& text) const {
    EXPECT_EQ(write(child_.in, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void quit() {
    if (over_) return;
    over_ = true;
    say("/quit\n");
    EXPECT_EQ(wait_for_end(child_.pid), 0);
  }

 private:
  Running child_;
  bool over_ = false;
};

// Ledgers of this test alone, whatever else runs on the machine.
class Watch : public testing::Test {
 protected:
  Watch() {
    setenv("TMPDIR", folder_.path().c_str(), 1);
    unsetenv("XDG_RUNTIME_DIR");
  }
  ~Watch() override { unsetenv("TMPDIR"); }

  const TemporaryFolder folder_;
};

std::vector<json> objects(const std::string& text) {
  std::vector<json> list;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) list.push_back(json::parse(line));
  return list;
}

TEST_F(Watch, TellsWhoHoldsWhatUntilTheProgramEnds) {
  AnsweredChat chat;
  int told = 0;
  const Ended ended = run_program({"watch", chat.pid(), "--json"}, "", [&](pid_t) {
    if (++told == 2) chat.quit();
  });
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  const std::vector<json> snapshots = objects(ended.out);
  ASSERT_GE(snapshots.size(), 2U);
  for (const json& snapshot : snapshots) {
    EXPECT_EQ(std::to_string(snapshot.at("pid").get<int>()), chat.pid());
    EXPECT_EQ(snapshot.at("model"), "plimsoll-tiny • 22M");
    const json& memory = snapshot.at("memory");
    std::uint64_t held = 0;
    for (const auto& [holder, bytes] : memory.at("holders").items()) held += bytes.get<std::uint64_t>();
    EXPECT_GT(memory.at("active_bytes"), 10U << 20U);
    EXPECT_EQ(held,
              memory.at("active_bytes").get<std::uint64_t>() + memory.at("cache_bytes").get<std::uint64_t>());
    EXPECT_GT(memory.at("footprint_bytes"), memory.at("active_bytes"));
  }
  EXPECT_LT(snapshots.front().at("uptime_ms"), snapshots.back().at("uptime_ms"));
}

TEST_F(Watch, TellsWhatWasGivenBackWhenTheSystemWarned) {
  const std::string warnings = folder_.path() / "warnings";
  ASSERT_EQ(mkfifo(warnings.c_str(), 0600), 0);
  setenv("MEMORY_PRESSURE_WATCH", warnings.c_str(), 1);
  AnsweredChat chat;
  unsetenv("MEMORY_PRESSURE_WATCH");
  const Running watch = start_command({PLIMSOLL_PROGRAM, "watch", chat.pid(), "--json"});
  std::ofstream(warnings) << "!" << std::flush;
  const std::string told = read_until(watch.out, "\"rung\":\"model\"");
  EXPECT_NE(told.find("\"pressure\":\"critical\""), std::string::npos);
  chat.quit();
  EXPECT_EQ(wait_for_end(watch.pid), 0);
  for (const int end : {watch.in, watch.out, watch.err}) close(end);
}

TEST_F(Watch, TakesTheOnlyOneAndWritesPlainTextIntoAPipe) {
  AnsweredChat chat;
  const Ended ended = run_program({"watch"}, "", [&](pid_t) { chat.quit(); });
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_NE(ended.out.find("weights.text"), std::string::npos) << ended.out;
  EXPECT_EQ(ended.out.find('\x1b'), std::string::npos);
}

TEST_F(Watch, AsksWhichWhereThereAreSeveral) {
  const AnsweredChat one, other;
  const Ended ended = run_program({"watch"});
  EXPECT_EQ(ended.exit_code, 2);
  EXPECT_EQ(ended.out, "");
  for (const std::string& part : {one.pid() + "  plimsoll-tiny", other.pid() + "  plimsoll-tiny"}) {
    EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
  }
}

TEST_F(Watch, EndsWith130OnCtrlC) {
  const AnsweredChat chat;
  const Ended ended = run_program({"watch", "--json"}, "", [](pid_t watch) { kill(watch, SIGINT); });
  EXPECT_EQ(ended.exit_code, 130);
}

TEST_F(Watch, EndsWithAProgramThatIsKilledAndForgetsIt) {
  const Running chat = start_command({PLIMSOLL_PROGRAM, "chat"});
  read_until(chat.err, "/help");
  const Ended ended = run_program({"watch"}, "", [&](pid_t) { kill(chat.pid, SIGKILL); });
  EXPECT_EQ(wait_for_end(chat.pid), 128 + SIGKILL);
  EXPECT_EQ(ended.exit_code, 0) << ended.err;
  EXPECT_EQ(run_program({"watch"}).exit_code, 3);
  for (const int end : {chat.in, chat.out, chat.err}) close(end);
}

TEST_F(Watch, SaysThatNothingRuns) {
  for (const auto& [arguments, part] :
       {std::pair(std::vector<std::string>{"watch"}, "no plimsoll is running"),
        std::pair(std::vector<std::string>{"watch", std::to_string(getpid())}, "process id")}) {
    const Ended ended = run_program(arguments);
    EXPECT_EQ(ended.exit_code, 3);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err.rfind("plimsoll: ", 0), 0U) << ended.err;
    EXPECT_EQ(std::count(ended.err.begin(), ended.err.end(), '\n'), 1) << ended.err;
    EXPECT_NE(ended.err.find(part), std::string::npos) << ended.err;
  }
  EXPECT_EQ(json::parse(run_program({"watch", "--json"}).out).at("error").at("code"), "not_found");
}

TEST_F(Watch, RefusesWhatIsNoProcessId) {
  for (const char* pid : {"me", "0", "-1", "99999999999"}) {
    EXPECT_EQ(run_program({"watch", pid}).exit_code, 2) << pid;
  }
}

}  // namespace
}  // namespace plimsoll::test
