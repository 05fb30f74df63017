// What only an engine in a process of its own can go through.
#include "server/worker_engine.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <future>

#include "tests/file_text.h"
#include "tests/integration/served_model.h"

namespace plimsoll::test {
namespace {

using report::Json;
using server::WorkerEngine;
using namespace std::chrono_literals;
using testing::HasSubstr;
namespace fs = std::filesystem;

Json worker_of(const WorkerEngine& engine) { return engine.memory(0)["worker"]; }
pid_t pid_of(const WorkerEngine& engine) { return worker_of(engine)["pid"].get<pid_t>(); }

// Asks, and sends the worker this signal as soon as it looks at the pictures.
tl::expected<server::Answer, server::ServiceFailure> lose_worker(WorkerEngine& engine, int signal) {
  const pid_t pid = pid_of(engine);
  const server::AnswerSinks sinks{{}, [&](Stage stage, float, std::string_view) {
                                    if (stage == Stage::looking) ::kill(pid, signal);
                                  }};
  return engine.generate(ask_about_many(), nullptr, sinks);
}

TEST(WorkerEngine, IsStartedAgainOneStepLowerWhenItIsKilledDuringAnAnswer) {
  const auto engine = worker_engine();
  const pid_t first = pid_of(*engine);
  const auto lost = lose_worker(*engine, SIGKILL);
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().worker_lost);
  EXPECT_EQ(lost.error().error.message,
            "the engine's process was killed by signal 9, likely for memory; it is started again with a "
            "smaller plan: try again");

  const auto began = std::chrono::steady_clock::now();
  const auto answer = engine->generate(ask_about_dog_and_car(), nullptr, {});
  const auto took = std::chrono::steady_clock::now() - began;
  RecordProperty("ms_to_next_answer",
                 static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(took).count()));
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->result.answer, kDogAndCar);

  const Json worker = worker_of(*engine);
  EXPECT_NE(worker["pid"], first);
  EXPECT_EQ(worker["restarts"], 1);
  EXPECT_EQ(worker["steps_down"], 1);
  EXPECT_THAT(worker["last_failure"].get<std::string>(), HasSubstr("signal 9"));
}

TEST(WorkerEngine, LoadsWhatItHeldAgain) {
  const auto engine = worker_engine();
  ASSERT_TRUE(engine->load(nullptr, {}));
  ::kill(pid_of(*engine), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    const Json memory = engine->memory(0);
    return memory["worker"]["restarts"] == 1 && memory["load_state"] == "loaded";
  }));
}

TEST(WorkerEngine, ACrashWithMemoryToSpareIsNoReasonForASmallerPlan) {
  const auto engine = worker_engine();
  const auto lost = lose_worker(*engine, SIGABRT);
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().worker_lost);
  EXPECT_EQ(engine->generate(ask_about_dog_and_car(), nullptr, {})->result.answer, kDogAndCar);
  const Json memory = engine->memory(0);
  EXPECT_EQ(memory["worker"]["restarts"], 1);
  if (memory["pressure"] == "normal") {
    EXPECT_EQ(memory["worker"]["steps_down"], 0);
    EXPECT_THAT(lost.error().error.message, testing::Not(HasSubstr("memory")));
  }
}

TEST(WorkerEngine, OneThatIsIdleIsStartedAgainToo) {
  const auto engine = worker_engine();
  ::kill(pid_of(*engine), SIGKILL);
  EXPECT_TRUE(eventually([&] {
    const Json worker = worker_of(*engine);
    return worker["restarts"] == 1 && worker["state"] == "running";
  }));
  EXPECT_EQ(engine->memory(0)["load_state"], "idle");
}

TEST(WorkerEngine, ManyEarlyDeathsLeaveItToTheNextRequest) {
  const auto engine = worker_engine();
  for (int deaths = 0; deaths < server::RestartPolicy::kMostEarlyDeaths; ++deaths) {
    ASSERT_TRUE(eventually([&] { return worker_of(*engine)["state"] == "running"; }));
    const pid_t pid = pid_of(*engine);
    ::kill(pid, SIGKILL);
    ASSERT_TRUE(eventually([&] { return worker_of(*engine)["pid"] != pid; }));
  }
  EXPECT_EQ(worker_of(*engine)["state"], "waiting");
  EXPECT_EQ(worker_of(*engine)["pid"], nullptr);
  auto answer = engine->generate(ask_about_dog_and_car(), nullptr, {});
  // Whoever asks in the moment of the loss is still told of it.
  if (!answer && answer.error().worker_lost) answer = engine->generate(ask_about_dog_and_car(), nullptr, {});
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->result.answer, kDogAndCar);
  EXPECT_EQ(worker_of(*engine)["state"], "running");
}

TEST(WorkerEngine, NothingButAnAnswerWaitsForAWorkerThatHangs) {
  const auto engine = worker_engine();
  const pid_t pid = pid_of(*engine);
  ::kill(pid, SIGSTOP);
  const auto flag = std::make_shared<CancelFlag>();
  auto answer = std::async(std::launch::async, [&] { return engine->generate(ask_about_many(), flag, {}); });
  flag->cancel();
  engine->cancel_running();
  engine->unload();
  EXPECT_EQ(engine->memory(0)["load_state"], "idle") << "the last sample";
  ::kill(pid, SIGCONT);
  EXPECT_EQ(answer.get()->result.finish_reason, FinishReason::cancelled);
}

TEST(WorkerEngine, SignalsOfTheTerminalAreTheServersToDecide) {
  const auto engine = worker_engine();
  const pid_t pid = pid_of(*engine);
  EXPECT_NE(::getpgid(pid), ::getpgid(0));
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) ::kill(pid, signal);
  EXPECT_EQ(engine->generate(ask_about_dog_and_car(), nullptr, {})->result.answer, kDogAndCar);
  EXPECT_EQ(pid_of(*engine), pid);
}

TEST(WorkerEngine, InheritsNoDescriptorOfTheServer) {
  std::array<int, 2> left_open{};
  ASSERT_EQ(::pipe(left_open.data()), 0);  // without FD_CLOEXEC
  const auto engine = worker_engine();
  const fs::path ours = fs::read_symlink("/proc/self/fd/" + std::to_string(left_open[0]));
  for (const auto& entry : fs::directory_iterator("/proc/" + std::to_string(pid_of(*engine)) + "/fd")) {
    std::error_code gone;
    EXPECT_NE(fs::read_symlink(entry.path(), gone), ours);
  }
  for (const int end : left_open) ::close(end);
}

TEST(WorkerEngine, TheKernelPrefersItWhenMemoryRunsOut) {
  const auto engine = worker_engine();
  const auto score = [](const std::string& process) {
    int value = 0;
    std::ifstream("/proc/" + process + "/oom_score_adj") >> value;
    return value;
  };
  EXPECT_EQ(score(std::to_string(pid_of(*engine))), std::min(score("self") + 300, 1000));
}

TEST(WorkerEngine, StaysSmallItself) {
  const auto engine = worker_engine();
  ASSERT_TRUE(engine->load(nullptr, {}));
  EXPECT_THAT(file_text("/proc/self/maps"), testing::Not(HasSubstr(".gguf")));
}

TEST(WorkerEngine, OneThatCanNotBeStartedSaysWhy) {
  server::WorkerEngineOptions options = worker_options();
  options.command.program = "/no/such/program";
  EXPECT_EQ(WorkerEngine::start(options).error().code, ErrorCode::not_found);

  options.command = {.program = "/bin/false", .arguments = {}};
  const auto dies = WorkerEngine::start(options);
  ASSERT_FALSE(dies);
  EXPECT_THAT(dies.error().message, HasSubstr("ended with exit code 1"));

  options = worker_options();
  options.session.model = "/no/such/model";
  const auto no_model = WorkerEngine::start(options);
  ASSERT_FALSE(no_model);
  EXPECT_EQ(no_model.error().code, ErrorCode::not_found);
  EXPECT_THAT(no_model.error().message, HasSubstr("/no/such/model"));
}

TEST(WorkerEngine, RefusesWithADenialAsTheEngineDoes) {
  server::WorkerEngineOptions options = worker_options();
  options.session.memory_limit_bytes = kMiB;
  auto engine = WorkerEngine::start(options);
  ASSERT_TRUE(engine);
  const auto answer = (*engine)->generate(ask_about_dog_and_car(), nullptr, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, ErrorCode::over_budget);
  ASSERT_TRUE(answer.error().error.denial);
  EXPECT_GT(answer.error().error.denial->requested_bytes, 0U);
  EXPECT_FALSE(answer.error().worker_lost);
}

TEST(WorkerEngine, IsGoneAfterStop) {
  const auto engine = worker_engine();
  const pid_t pid = pid_of(*engine);
  engine->stop(0ms);
  EXPECT_EQ(::kill(pid, 0), -1);
  EXPECT_EQ(worker_of(*engine)["state"], "stopped");
}

TEST(WorkerEngine, DoesNotOutliveAServerThatIsKilled) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);  // what the killed server leaves behind becomes ours
  std::array<int, 2> told{};
  ASSERT_EQ(::pipe2(told.data(), O_CLOEXEC), 0);
  const pid_t server = ::fork();
  if (server == 0) {
    const auto engine = worker_engine();
    const pid_t worker = pid_of(*engine);
    if (::write(told[1], &worker, sizeof(worker)) != sizeof(worker)) ::_exit(1);
    for (;;) ::pause();
  }
  pid_t worker = 0;
  ASSERT_EQ(::read(told[0], &worker, sizeof(worker)), static_cast<ssize_t>(sizeof(worker)));
  ::kill(server, SIGKILL);
  int status = 0;
  EXPECT_EQ(::waitpid(server, &status, 0), server);
  EXPECT_EQ(::waitpid(worker, &status, 0), worker);
  EXPECT_TRUE(WIFSIGNALED(status));
  for (const int end : told) ::close(end);
}

}  // namespace
}  // namespace plimsoll::test
