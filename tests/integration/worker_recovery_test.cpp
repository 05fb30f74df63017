// Whatever happens to the engine's process, and however often: the server answers what the device has room
// for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>

#include <future>

#include "report/options_json.h"
#include "server/frame.h"
#include "tests/integration/png_of_size.h"
#include "tests/integration/served_model.h"

namespace plimsoll::test {
namespace {

using report::Json;
using server::WorkerEngine;
using testing::HasSubstr;

using Outcome = tl::expected<server::Answer, server::ServiceFailure>;

// A line that the model fits below with little to spare: a few steps less and no plan does.
constexpr std::size_t kTightLine = 32 * kMiB;

std::unique_ptr<WorkerEngine> engine_with_line(std::size_t line_bytes) {
  session::SessionOptions options = served_model();
  options.memory_limit_bytes = line_bytes;
  return worker_engine(options);
}

Json worker_of(const WorkerEngine& engine) { return engine.memory(0)["worker"]; }
int steps_of(const WorkerEngine& engine) { return worker_of(engine)["steps_down"].get<int>(); }

// As a client does that is told to try again.
Outcome ask_small(WorkerEngine& engine) {
  for (;;) {
    auto answer = engine.generate(ask_about_dog_and_car(), nullptr, {});
    if (answer || !answer.error().worker_lost) return answer;
  }
}

void expect_small_answer(WorkerEngine& engine) {
  const auto answer = ask_small(engine);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->result.answer, kDogAndCar);
}

bool runs(const WorkerEngine& engine) { return worker_of(engine)["state"] == "running"; }

// SIGKILL, as the kernel does where memory has run out; a request starts a worker where none is started any
// more.
void kill_worker(WorkerEngine& engine) {
  ASSERT_TRUE(eventually([&] {
    if (worker_of(engine)["state"] == "waiting") engine.plan(std::nullopt, std::nullopt);
    return runs(engine);
  }));
  const Json pid = worker_of(engine)["pid"];
  ::kill(pid.get<pid_t>(), SIGKILL);
  ASSERT_TRUE(eventually([&] { return worker_of(engine)["pid"] != pid; }));
}

TEST(WorkerRecovery, SmallPicturesAreAnsweredAfterSixTenAndTwentyKills) {
  const auto engine = engine_with_line(kTightLine);
  ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine));
  for (int kills = 1; kills <= 20; ++kills) {
    ASSERT_NO_FATAL_FAILURE(kill_worker(*engine)) << kills;
    if (kills == 6 || kills == 10 || kills == 20) {
      ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine)) << "after " << kills << " kills";
      EXPECT_EQ(worker_of(*engine)["restarts"], kills);
    }
  }
}

TEST(WorkerRecovery, StepsThatNoPlanFitsGiveWayAndTheReportSaysSo) {
  const auto engine = engine_with_line(kTightLine);
  for (int kills = 1; kills <= server::RestartPolicy::kMostEarlyDeaths; ++kills) {
    ASSERT_NO_FATAL_FAILURE(kill_worker(*engine)) << kills;
  }
  EXPECT_EQ(steps_of(*engine), server::RestartPolicy::kMostEarlyDeaths) << "nothing was planned yet";
  ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine));
  const Json memory = engine->memory(0);
  const int steps = memory["worker"]["steps_down"].get<int>();
  EXPECT_LT(steps, server::RestartPolicy::kMostEarlyDeaths);
  EXPECT_EQ(memory["plan"]["fits"], true);
  EXPECT_EQ(engine->plan(std::nullopt, std::nullopt)->at("fits"), true);
  ASSERT_NO_FATAL_FAILURE(kill_worker(*engine));
  ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine));
  EXPECT_LE(steps_of(*engine), steps + 1) << "the ladder goes on from what was in force";
}

TEST(WorkerRecovery, KilledWhilePicturesAreLookedAtItAnswersBetweenAndAfter) {
  const auto engine = engine_with_line(kTightLine);
  ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine));
  for (int kills = 1; kills <= 6; ++kills) {
    const pid_t pid = worker_of(*engine)["pid"].get<pid_t>();
    GenerationRequest many = ask_about_many();
    many.turns[0].prompt += std::to_string(kills);
    many.turns[0].images = {picture("garden.png")};
    const auto lost = engine->generate(many, nullptr, {{}, [&](Stage stage, float share, std::string_view) {
                                                         if (stage == Stage::looking && share < 1)
                                                           ::kill(pid, SIGKILL);
                                                       }});
    ASSERT_FALSE(lost);
    EXPECT_TRUE(lost.error().worker_lost);
    ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine)) << "after " << kills << " kills";
  }
}

// Kills the worker as soon as it says that the picture took more than any plan counts.
Outcome lose_to_picture(WorkerEngine& engine, const std::string& bytes) {
  const Json pid = worker_of(engine)["pid"];
  auto answer = std::async(std::launch::async, [&] {
    return engine.generate(ask("What is this?", {ImageSource{bytes, "large.png"}}), nullptr, {});
  });
  EXPECT_TRUE(eventually([&] {
    const Json memory = engine.memory(0);
    return memory["memory"].contains("holders") && memory["memory"]["holders"]["media"] > 64 * kMiB;
  }));
  ::kill(pid.get<pid_t>(), SIGKILL);
  return answer.get();
}

TEST(WorkerRecovery, ARequestsOwnPictureIsRefusedAndNobodyPlansSmallerForIt) {
  const auto engine = worker_engine();
  const std::string large = interlaced_png_of_size(12000, 12000);
  ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine));
  for (int kills = 1; kills <= 6; ++kills) {
    const auto lost = lose_to_picture(*engine, large);
    ASSERT_FALSE(lost);
    EXPECT_FALSE(lost.error().worker_lost);
    EXPECT_EQ(lost.error().error.code, ErrorCode::over_budget);
    EXPECT_EQ(lost.error().error.message,
              "the picture took more memory than the device has, and the engine's process was killed for it; "
              "send a smaller picture");
    ASSERT_NO_FATAL_FAILURE(expect_small_answer(*engine));
    EXPECT_EQ(steps_of(*engine), 0);
  }
  const Json worker = worker_of(*engine);
  EXPECT_EQ(worker["restarts"], 6);
  EXPECT_THAT(worker["last_failure"].get<std::string>(), HasSubstr("of a picture or video"));
}

TEST(WorkerRecovery, OthersThatRanBesideThePictureMayTryAgain) {
  session::SessionOptions options = served_model();
  options.answers_at_once = 2;
  const auto engine = worker_engine(options);
  ASSERT_TRUE(engine->load(nullptr, {}));
  std::atomic<bool> begun = false;
  auto other = std::async(std::launch::async, [&] {
    GenerationRequest endless = ask("Describe a dog.");
    endless.grammar = "root ::= [a-z ]{1500,}";
    endless.max_tokens = 400;
    return engine->generate(endless, nullptr, {[&](std::string_view) { begun = true; }, {}});
  });
  ASSERT_TRUE(eventually([&] { return begun.load(); }));
  const auto picture = lose_to_picture(*engine, interlaced_png_of_size(12000, 12000));
  ASSERT_FALSE(picture);
  EXPECT_EQ(picture.error().error.code, ErrorCode::over_budget);
  const auto lost = other.get();
  ASSERT_FALSE(lost);
  EXPECT_TRUE(lost.error().worker_lost);
}

// A worker that hears what this test says instead of a server.
class ToldWorker {
 public:
  ToldWorker(const session::SessionOptions& options, int steps_down)
      : process_(*server::WorkerProcess::start({.program = PLIMSOLL_PROGRAM})) {
    tell({{"type", "open"},
          {"began", std::chrono::steady_clock::now().time_since_epoch().count()},
          {"steps_down", steps_down},
          {"options", report::options_json(options)}});
  }
  ~ToldWorker() { process_.reap(); }

  void tell(Json head) {
    std::string left = *server::encode_frame({std::move(head)});
    while (!left.empty()) {
      const auto count = ::write(process_.descriptor(), left.data(), left.size());
      if (count > 0) left.erase(0, static_cast<std::size_t>(count));
    }
  }

  /// Hears it out until one of its samples is as wanted.
  template <typename Condition>
  bool says(Condition condition) {
    return eventually([&] {
      std::array<char, 4096> bytes{};
      const auto count = ::read(process_.descriptor(), bytes.data(), bytes.size());
      if (count > 0) decoder_.feed({bytes.data(), static_cast<std::size_t>(count)});
      while (decoder_.has_frame()) {
        const Json head = decoder_.pop().head;
        if (head.contains("memory") && condition(head["memory"])) return true;
      }
      return false;
    });
  }

 private:
  server::WorkerProcess process_;
  server::FrameDecoder decoder_;
};

TEST(WorkerRecovery, AModelThatStaysLoadedIsLoadedAgainWhenAStepIsTakenBack) {
  session::SessionOptions options = served_model();
  options.memory_limit_bytes = 48 * kMiB;  // room for all, but not with four steps less
  ToldWorker worker(options, 4);
  worker.tell({{"type", "load"}, {"id", 1}});
  std::size_t peak = 0;
  ASSERT_TRUE(worker.says([&](const Json& memory) {
    if (memory["load_state"] != "loaded") return false;
    peak = memory["plan"]["peak_bytes"].get<std::size_t>();
    return memory["worker"]["steps_down"] == 4 && !memory["concessions"].empty();
  }));
  worker.tell({{"type", "steps"}, {"steps_down", 0}});
  EXPECT_TRUE(worker.says([&](const Json& memory) {
    return memory["load_state"] == "loaded" && memory["worker"]["steps_down"] == 0 &&
           memory["plan"]["peak_bytes"] > peak;
  }));
}

}  // namespace
}  // namespace plimsoll::test
