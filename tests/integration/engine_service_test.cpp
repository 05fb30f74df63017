// What every engine behind the server does, wherever it runs.
#include "server/engine_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/file_text.h"
#include "tests/integration/served_model.h"

namespace plimsoll::test {
namespace {

using report::Json;
using server::AnswerSinks;
using server::EngineService;
using namespace std::chrono_literals;
using testing::HasSubstr;

enum class Place { here, worker };

class EngineServiceTest : public testing::TestWithParam<Place> {
 protected:
  explicit EngineServiceTest(const session::SessionOptions& options = served_model()) {
    if (GetParam() == Place::here) {
      engine_ = local_engine(options);
    } else {
      engine_ = worker_engine(options);
    }
  }

  std::string state() const { return engine_->memory(0)["load_state"]; }

  std::unique_ptr<EngineService> engine_;
};

INSTANTIATE_TEST_SUITE_P(All, EngineServiceTest, testing::Values(Place::here, Place::worker),
                         [](const auto& param_info) {
                           return std::string(param_info.param == Place::here ? "Here" : "Worker");
                         });

TEST_P(EngineServiceTest, AnswersAndStreams) {
  std::string streamed;
  float share = -1;
  const AnswerSinks sinks{[&](std::string_view text) { streamed += text; },
                          [&](Stage, float now, std::string_view) { share = now; }};
  const auto answer = engine_->generate(ask_about_dog_and_car(), std::make_shared<CancelFlag>(), sinks);
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->result.answer, kDogAndCar);
  EXPECT_EQ(streamed, kDogAndCar);
  EXPECT_EQ(answer->result.finish_reason, FinishReason::stop);
  EXPECT_GT(answer->result.timing.load_ms, 0);
  EXPECT_GT(answer->result.image.tiles, 0);
  EXPECT_EQ(share, 1.0F);
  EXPECT_GT(answer->memory.at("holders").at("weights.text"), 0);
  EXPECT_FALSE(answer->memory.contains("memory_limit_bytes"));
  EXPECT_EQ(state(), "loaded");
}

TEST_P(EngineServiceTest, ReadsPicturesFromBytes) {
  const std::string bytes = file_text(kExamples / "dog-car.png");
  const auto answer = engine_->generate(ask("What is in this image?", {{bytes}}), nullptr, {});
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_EQ(answer->result.answer, kDogAndCar);
}

TEST_P(EngineServiceTest, ABadQuestionIsItsOwnFailure) {
  const auto answer = engine_->generate(ask("What?", {{std::string("no picture")}}), nullptr, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, ErrorCode::invalid_argument);
  EXPECT_FALSE(answer.error().worker_lost);
  EXPECT_FALSE(answer.error().stopping);
  EXPECT_TRUE(engine_->generate(ask_about_dog_and_car(), nullptr, {}));
}

TEST_P(EngineServiceTest, ACancelBeforeItBeganIsNotLost) {
  const auto flag = std::make_shared<CancelFlag>();
  flag->cancel();
  engine_->cancel_running();
  const auto answer = engine_->generate(ask_about_dog_and_car(), flag, {});
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result.finish_reason, FinishReason::cancelled);
  EXPECT_EQ(answer->result.answer, "");
}

TEST_P(EngineServiceTest, ACancelWhileItLooksEndsIt) {
  const auto flag = std::make_shared<CancelFlag>();
  const AnswerSinks sinks{{}, [&](Stage stage, float, std::string_view) {
                            if (stage != Stage::looking) return;
                            flag->cancel();
                            engine_->cancel_running();
                          }};
  const auto answer = engine_->generate(ask_about_many(), flag, sinks);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result.finish_reason, FinishReason::cancelled);
  EXPECT_EQ(answer->result.answer, "");
  EXPECT_EQ(engine_->generate(ask_about_dog_and_car(), nullptr, {})->result.answer, kDogAndCar);
}

TEST_P(EngineServiceTest, ACancelAtAnyMomentEndsIt) {
  for (int i = 0; i < 10; ++i) {
    const auto flag = std::make_shared<CancelFlag>();
    auto answer =
        std::async(std::launch::async, [&] { return engine_->generate(ask_about_many(), flag, {}); });
    flag->cancel();
    engine_->cancel_running();
    const auto result = answer.get();
    ASSERT_TRUE(result);
    EXPECT_EQ(result->result.finish_reason, FinishReason::cancelled);
  }
}

TEST_P(EngineServiceTest, ASecondAnswerIsBusy) {
  std::optional<ErrorCode> second;
  const AnswerSinks sinks{{}, [&](Stage, float, std::string_view) {
                            const auto answer = engine_->generate(ask_about_dog_and_car(), nullptr, {});
                            if (!answer) second = answer.error().error.code;
                          }};
  EXPECT_TRUE(engine_->generate(ask_about_dog_and_car(), nullptr, sinks));
  EXPECT_EQ(second, ErrorCode::busy);
}

TEST_P(EngineServiceTest, LoadsAndUnloads) {
  EXPECT_EQ(state(), "idle");
  ASSERT_TRUE(engine_->load(nullptr, {}));
  EXPECT_EQ(state(), "loaded");
  const Json memory = engine_->memory(0);
  EXPECT_EQ(memory["plan"]["fits"], true);
  EXPECT_THAT(memory["plan_sentence"].get<std::string>(), HasSubstr("fits and gives up nothing"));
  engine_->unload();
  EXPECT_TRUE(eventually([&] { return state() == "idle"; }));
  EXPECT_TRUE(eventually([&] { return engine_->memory(0)["memory"]["active_bytes"] == 0; }));
}

TEST_P(EngineServiceTest, ACancelledLoadFails) {
  const auto flag = std::make_shared<CancelFlag>();
  flag->cancel();
  const auto loaded = engine_->load(flag, {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().error.code, ErrorCode::cancelled);
  EXPECT_EQ(state(), "idle");
}

TEST_P(EngineServiceTest, SaysWhatDocsPromise) {
  const Json memory = engine_->memory(0);
  for (const char* field : {"uptime_ms", "load_progress", "model", "model_info", "device", "configuration",
                            "pressure", "use", "memory", "plan", "concessions", "reclaims"}) {
    EXPECT_TRUE(memory.contains(field)) << field;
  }
  EXPECT_EQ(memory["pid"], ::getpid());
  EXPECT_EQ(memory["device"]["memory_bytes"], 4 * kGiB);
  EXPECT_EQ(memory["worker"]["isolated"], GetParam() == Place::worker);
  EXPECT_EQ(memory["worker"]["pid"] == ::getpid(), GetParam() == Place::here);
  EXPECT_EQ(memory["worker"]["state"], "running");
  EXPECT_EQ(memory["worker"]["last_failure"], nullptr);
}

TEST_P(EngineServiceTest, PlansForDevicesThatAreNotThere) {
  const auto here = engine_->plan(std::nullopt, std::nullopt);
  ASSERT_TRUE(here) << here.error().error.message;
  EXPECT_EQ((*here)["fits"], true);
  const auto small = engine_->plan(64 * kMiB, Strategy::fitted);
  ASSERT_TRUE(small);
  EXPECT_EQ((*small)["fits"], false);
  EXPECT_THAT((*small)["sentence"].get<std::string>(), HasSubstr("does not fit"));
  EXPECT_EQ((*small)["strategy"], "fitted");
  EXPECT_EQ(*engine_->plan(64 * kMiB, Strategy::fitted), *small);
  EXPECT_EQ((*engine_->plan(2 * kGiB, Strategy::tiered))["tier"], "ultra low");
  EXPECT_EQ(state(), "idle") << "nothing is loaded for a plan";
}

TEST_P(EngineServiceTest, APlanForThisMachineDoesNotCountTheLoadedModelTwice) {
  const Json before = *engine_->plan(std::nullopt, std::nullopt);
  ASSERT_TRUE(engine_->load(nullptr, {}));
  const Json after = *engine_->plan(std::nullopt, std::nullopt);
  EXPECT_EQ(before["footprint_bytes"], after["footprint_bytes"]);
}

TEST_P(EngineServiceTest, APlanDoesNotWaitForAnAnswer) {
  bool planned = false;
  const AnswerSinks sinks{{}, [&](Stage, float, std::string_view) {
                            planned = planned || engine_->plan(std::nullopt, std::nullopt).has_value();
                          }};
  EXPECT_TRUE(engine_->generate(ask_about_dog_and_car(), nullptr, sinks));
  EXPECT_TRUE(planned);
}

TEST_P(EngineServiceTest, StoppingEndsWhatRunsAndAnswersNothingMore) {
  std::promise<void> looking;
  std::once_flag once;
  const AnswerSinks sinks{{}, [&](Stage stage, float, std::string_view) {
                            if (stage == Stage::looking) std::call_once(once, [&] { looking.set_value(); });
                          }};
  auto answer =
      std::async(std::launch::async, [&] { return engine_->generate(ask_about_many(), nullptr, sinks); });
  looking.get_future().wait();
  engine_->stop(0ms);
  const auto ended = answer.get();
  ASSERT_TRUE(ended);
  EXPECT_EQ(ended->result.finish_reason, FinishReason::cancelled);

  const auto late = engine_->generate(ask_about_dog_and_car(), nullptr, {});
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().stopping);
  EXPECT_TRUE(engine_->load(nullptr, {}).error().stopping);
  EXPECT_TRUE(engine_->plan(std::nullopt, std::nullopt).error().stopping);
  engine_->unload();
  engine_->cancel_running();
  EXPECT_EQ(engine_->memory(0)["worker"]["state"], "stopped");
  EXPECT_EQ(state(), "idle");
  engine_->stop(0ms);
}

TEST_P(EngineServiceTest, StoppingWithPatienceLetsAnAnswerEnd) {
  std::promise<void> looking;
  std::once_flag once;
  const AnswerSinks sinks{
      {}, [&](Stage, float, std::string_view) { std::call_once(once, [&] { looking.set_value(); }); }};
  auto answer = std::async(std::launch::async,
                           [&] { return engine_->generate(ask_about_dog_and_car(), nullptr, sinks); });
  looking.get_future().wait();
  engine_->stop(10min);
  EXPECT_EQ(answer.get()->result.answer, kDogAndCar);
}

TEST(LocalEngine, WhatWasAskedForStaysUntilTheNextAnswerWhereTheClassKeepsNothing) {
  session::SessionOptions options = served_model();
  options.device.device_memory_bytes = 2 * kGiB;
  const auto engine = local_engine(options);
  const auto state = [&] { return engine->memory(0)["load_state"].get<std::string>(); };
  ASSERT_TRUE(engine->load(nullptr, {}));
  EXPECT_EQ(state(), "loaded");
  bool loads = false;
  EXPECT_TRUE(
      engine->generate(ask("Hello!"), nullptr, {{}, [&](Stage, float, std::string_view) { loads = true; }}));
  EXPECT_FALSE(loads);
  EXPECT_TRUE(eventually([&] { return state() == "idle"; }));
}

session::SessionOptions for_three() {
  session::SessionOptions options = served_model();
  options.device.device_memory_bytes = 16 * kGiB;
  options.answers_at_once = 3;
  return options;
}

class SeveralAtOnce : public EngineServiceTest {
 protected:
  SeveralAtOnce() : EngineServiceTest(for_three()) {}

  using Outcome = tl::expected<server::Answer, server::ServiceFailure>;
  std::future<Outcome> asked(GenerationRequest request, CancelFlagPtr flag = nullptr,
                             AnswerSinks sinks = {}) {
    return std::async(std::launch::async, [this, request = std::move(request), flag, sinks] {
      return engine_->generate(request, flag, sinks);
    });
  }
};

INSTANTIATE_TEST_SUITE_P(All, SeveralAtOnce, testing::Values(Place::here, Place::worker),
                         [](const auto& param_info) {
                           return std::string(param_info.param == Place::here ? "Here" : "Worker");
                         });

GenerationRequest ask_to_describe() {
  return ask("Describe this image in every detail.", {picture("garden.png")});
}

GenerationRequest ask_for_long() {
  auto request = ask_to_describe();
  request.grammar = "root ::= [a-z ]{1500,}";  // so that it does not end by itself
  request.max_tokens = 400;
  return request;
}

TEST_P(SeveralAtOnce, EachHasItsOwnAnswer) {
  EXPECT_EQ(engine_->answers_at_once(), 3U);
  auto one = asked(ask_about_dog_and_car()), two = asked(ask_about_many()),
       three = asked(ask_about_dog_and_car());
  EXPECT_EQ(one.get()->result.answer, kDogAndCar);
  const auto many = two.get();
  EXPECT_EQ(three.get()->result.answer, kDogAndCar);
  EXPECT_EQ(many->result.answer, engine_->generate(ask_about_many(), nullptr, {})->result.answer);
  EXPECT_EQ(engine_->answers_at_once(), 3U);
}

TEST_P(SeveralAtOnce, ACancelEndsOneAlone) {
  const std::string expected = engine_->generate(ask_to_describe(), nullptr, {})->result.answer;
  std::atomic<bool> begun = false;
  auto kept = asked(ask_to_describe(), nullptr, {[&](std::string_view) { begun = true; }, {}});
  ASSERT_TRUE(eventually([&] { return begun.load(); }));
  const auto flag = std::make_shared<CancelFlag>();
  const AnswerSinks sinks{[&](std::string_view) {
                            flag->cancel();
                            engine_->cancel_running();
                          },
                          {}};
  EXPECT_EQ(asked(ask_for_long(), flag, sinks).get()->result.finish_reason, FinishReason::cancelled);
  EXPECT_EQ(kept.get()->result.answer, expected);
}

TEST_P(SeveralAtOnce, StopEndsThemAll) {
  std::atomic<int> begun = 0;
  std::vector<std::future<Outcome>> answers;
  for (int i = 0; i < 3; ++i) {
    answers.push_back(asked(ask_for_long(), nullptr,
                            {[&, told = false](std::string_view) mutable {
                               if (!std::exchange(told, true)) ++begun;
                             },
                             {}}));
  }
  ASSERT_TRUE(eventually([&] { return begun == 3; }));
  engine_->stop(0ms);
  for (auto& answer : answers) answer.get();
  const auto late = engine_->generate(ask_about_dog_and_car(), nullptr, {});
  ASSERT_FALSE(late);
  EXPECT_TRUE(late.error().stopping);
}

TEST(LocalEngine, AStepDownMakesThePlanOfTheNextLoadSmaller) {
  session::SessionOptions options = served_model();
  options.memory_limit_bytes = 80 * kMiB;
  const auto engine = local_engine(options);
  const Json whole = *engine->plan(std::nullopt, std::nullopt);
  engine->set_steps_down(8);
  const Json less = *engine->plan(std::nullopt, std::nullopt);
  EXPECT_LT(less["growth_bytes"].get<std::size_t>(), whole["growth_bytes"].get<std::size_t>());
  EXPECT_LT(less["memory_limit_bytes"].get<std::size_t>(), whole["memory_limit_bytes"].get<std::size_t>());
  EXPECT_GT(less["missing_bytes"].get<std::size_t>() + less["concessions"].size(),
            whole["missing_bytes"].get<std::size_t>() + whole["concessions"].size());
}

TEST(LocalEngine, StepsThatNoPlanFitsGiveWay) {
  session::SessionOptions options = served_model();
  options.memory_limit_bytes = 32 * kMiB;
  const auto engine = local_engine(options);
  const auto steps = [&] { return engine->memory(0)["worker"]["steps_down"].get<int>(); };
  engine->set_steps_down(8);
  EXPECT_EQ(engine->plan(std::nullopt, std::nullopt)->at("fits"), true);
  EXPECT_EQ(steps(), 8) << "a plan that is only shown moves nothing";
  const auto answer = engine->generate(ask_about_dog_and_car(), nullptr, {});
  ASSERT_TRUE(answer) << answer.error().error.message;
  EXPECT_LT(steps(), 8);
  EXPECT_GT(steps(), 0) << "no more than it takes";
}

TEST(LocalEngine, WhatFitsNowhereIsRefusedAfterAllStepsGaveWay) {
  session::SessionOptions options = served_model();
  options.memory_limit_bytes = kMiB;
  const auto engine = local_engine(options);
  engine->set_steps_down(8);
  const auto answer = engine->generate(ask_about_dog_and_car(), nullptr, {});
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().error.code, ErrorCode::over_budget);
  EXPECT_EQ(answer.error().error.denial->limit_bytes, kMiB) << "the line as it is";
}

TEST(LocalEngine, AModelThatIsNotThereIsNotFound) {
  session::SessionOptions options;
  options.model = "/no/such/model";
  const auto engine = server::LocalEngine::open(options);
  ASSERT_FALSE(engine);
  EXPECT_EQ(engine.error().code, ErrorCode::not_found);
}

}  // namespace
}  // namespace plimsoll::test
