// plimsoll prove as a user runs it.
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "tests/integration/program.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::string>;

std::string content_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

// Only children of ours, and only the one that it has.
pid_t child_of(pid_t process) {
  const std::string id = std::to_string(process);
  pid_t child = 0;
  std::ifstream("/proc/" + id + "/task/" + id + "/children") >> child;
  return child;
}

struct ProveCommand : testing::Test {
  TemporaryFolder folder;
  std::filesystem::path json_file = folder.path() / "proof.json";
  std::filesystem::path page = folder.path() / "proof.html";

  Words command(const Words& more) const {
    Words words{"prove",  "--device-memory",  "4GiB",     "--threads",  "1",
                "--json", json_file.string(), "--report", page.string()};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
  Json report() const { return Json::parse(content_of(json_file)); }

  static Words failed_numbers(const Json& trial) {
    Words failed;
    for (const Json& check : trial.at("checks")) {
      if (!check.at("passed").get<bool>()) failed.push_back(check.at("number"));
    }
    return failed;
  }
};

TEST_F(ProveCommand, PassesOnAFourGigabyteDeviceAndWritesBothReports) {
  const Ended ended = run_program(command({"--quick", "--minutes", "0.05"}));
  EXPECT_EQ(ended.exit_code, 0) << ended.out << ended.err;
  const Json json = report();
  EXPECT_EQ(json.at("passed"), true) << ended.out;
  EXPECT_EQ(failed_numbers(json.at("trials")[0]), Words{});
  const std::string place = json.at("trials")[0].at("place");
  EXPECT_NE(ended.out.find(place), std::string::npos) << "says whether there was a cgroup";
  EXPECT_NE(ended.out.find("--quick"), std::string::npos);
  EXPECT_NE(content_of(page).find("<strong>PASS</strong>"), std::string::npos);
}

TEST_F(ProveCommand, FailsWhereAnOptionIsWorseThanTheDocumentWants) {
  const Ended ended =
      run_program(command({"--quick", "--minutes", "0.05", "--cache-limit", "3MB", "--image-size", "224"}));
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_EQ(failed_numbers(report().at("trials")[0]), (Words{"2", "4"})) << ended.out;
  EXPECT_EQ(report().at("passed"), false);
}

TEST_F(ProveCommand, AModelThatDoesNotFitIsNoProof) {
  const Ended ended = run_program(command({"--quick", "--memory-limit", "12MB"}));
  EXPECT_EQ(ended.exit_code, 1) << ended.out << ended.err;
  EXPECT_FALSE(report().at("trials")[0].at("failure").is_null());
}

// A running command, until it is waited for.
class InTheMiddle {
 public:
  explicit InTheMiddle(const Words& arguments) {
    Words words{PLIMSOLL_PROGRAM};
    words.insert(words.end(), arguments.begin(), arguments.end());
    running_ = start_command(words);
  }
  pid_t pid() const { return running_.pid; }
  /// Until its trial's process is there.
  pid_t trial() const {
    pid_t child = 0;
    while ((child = child_of(pid())) == 0) {
    }
    return child;
  }
  int wait() {
    const int code = wait_for_end(running_.pid);
    for (const int end : {running_.in, running_.out, running_.err}) close(end);
    return code;
  }

 private:
  Running running_;
};

TEST_F(ProveCommand, CtrlCEndsItSoonWithoutAPass) {
  InTheMiddle run(command({"--minutes", "10"}));
  const pid_t trial = run.trial();
  // The interrupt's handler is there before the trial is.
  const auto pressed = std::chrono::steady_clock::now();
  kill(run.pid(), SIGINT);
  EXPECT_EQ(run.wait(), 130);
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - pressed;
  RecordProperty("ended_after_ms", std::to_string(took.count()));
  EXPECT_LT(took.count(), 1000);
  EXPECT_EQ(kill(trial, 0), -1) << "the trial's process outlived the command";
  const Json json = report();
  EXPECT_EQ(json.at("passed"), false);
  EXPECT_EQ(json.at("trials")[0].at("interrupted"), true);
}

TEST_F(ProveCommand, AKilledTrialIsACrashAndTheNextPartsAreDone) {
  InTheMiddle run(command({"--quick", "--minutes", "0.05"}));
  kill(run.trial(), SIGKILL);
  EXPECT_EQ(run.wait(), 1);
  const Json trial = report().at("trials")[0];
  ASSERT_EQ(trial.at("crashes").size(), 1U);
  EXPECT_EQ(trial.at("crashes")[0].at("how"), "was killed by signal 9");
  EXPECT_EQ(trial.at("complete"), true);
  const Words failed = failed_numbers(trial);
  EXPECT_NE(std::find(failed.begin(), failed.end(), "9"), failed.end());
}

TEST_F(ProveCommand, AReportThatCanNotBeWrittenIsKnownBeforeTheRounds) {
  const Ended ended = run_program({"prove", "--report", "/nowhere/at/all.html"});
  EXPECT_EQ(ended.exit_code, 3);
  EXPECT_NE(ended.err.find("/nowhere/at/all.html"), std::string::npos);
}

}  // namespace
}  // namespace plimsoll::test
