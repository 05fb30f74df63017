#include "server/worker_sample.h"

#include <gtest/gtest.h>
#include <unistd.h>

namespace plimsoll::server {
namespace {

Json sample(std::initializer_list<int> reclaims, const char* state = "loaded") {
  Json list = Json::array();
  for (const int sequence : reclaims) list.push_back({{"sequence", sequence}});
  return {{"pid", 1},
          {"load_state", state},
          {"load_progress", nullptr},
          {"configuration", {{"keep_model_loaded", true}}},
          {"pressure", "normal"},
          {"memory", {{"active_bytes", 5}, {"memory_limit_bytes", 7}, {"cache_limit_bytes", 8}}},
          {"reclaims", list}};
}

std::vector<int> sequences(const WorkerSample& worker, std::uint64_t after = 0) {
  std::vector<int> list;
  const Json object = worker.object({}, after, {});
  for (const Json& reclaim : object["reclaims"]) list.push_back(reclaim["sequence"]);
  return list;
}

TEST(WorkerSample, CollectsTheReclaimsOfAllWorkersUnderOneCount) {
  WorkerSample worker;
  worker.take(sample({1, 2}));
  worker.take(sample({}));
  worker.take(sample({3}));
  EXPECT_EQ(sequences(worker), (std::vector{1, 2, 3}));
  worker.lost();
  worker.take(sample({1}));
  worker.take(sample({2}));
  EXPECT_EQ(sequences(worker), (std::vector{1, 2, 3, 4, 5}));
  EXPECT_EQ(sequences(worker, 3), (std::vector{4, 5}));
}

TEST(WorkerSample, KeepsTheLatestReclaims) {
  WorkerSample worker;
  for (int i = 1; i <= 300; ++i) worker.take(sample({i}));
  const auto kept = sequences(worker);
  ASSERT_EQ(kept.size(), WorkerSample::kMostReclaims);
  EXPECT_EQ(kept.front(), 45);
  EXPECT_EQ(kept.back(), 300);
}

TEST(WorkerSample, NobodyHoldsAnythingOnceItIsLost) {
  WorkerSample worker;
  worker.take(sample({}));
  EXPECT_TRUE(worker.is_loaded());
  worker.lost();
  EXPECT_FALSE(worker.is_loaded());
  const Json object =
      worker.object({}, 0, {.isolated = true, .state = "restarting", .last_failure = "it died"});
  EXPECT_EQ(object["load_state"], "idle");
  EXPECT_EQ(object["memory"]["active_bytes"], 0);
  EXPECT_EQ(object["memory"]["memory_limit_bytes"], 7);
  EXPECT_EQ(object["worker"]["state"], "restarting");
  EXPECT_EQ(object["worker"]["pid"], nullptr);
  EXPECT_EQ(object["worker"]["last_failure"], "it died");
  EXPECT_EQ(object["pid"], ::getpid());
}

TEST(WorkerSample, ALoadOnItsWayShowsBeforeTheNextSample) {
  WorkerSample worker;
  worker.take(sample({}, "idle"));
  worker.take_load({ModelState::loading, 0.25F});
  EXPECT_EQ(worker.object({}, 0, {})["load_state"], "loading");
  EXPECT_EQ(worker.object({}, 0, {})["load_progress"], 0.25);
}

TEST(WorkerSample, TheLedgerOfAnAnswerHasNoLimits) {
  WorkerSample worker;
  EXPECT_TRUE(worker.memory().empty());
  worker.take(sample({}));
  EXPECT_EQ(report::text_of(worker.memory()), R"({"active_bytes":5})");
}

TEST(WorkerSample, SaysWhatPicturesHoldAndWhatThePlanCountedForThem) {
  WorkerSample worker;
  EXPECT_EQ(worker.media().held_bytes, 0U);
  Json object = sample({});
  object["memory"]["holders"]["media"] = 5;
  object["plan"] = nullptr;
  worker.take(object);
  EXPECT_TRUE(worker.media().is_loaded);
  EXPECT_EQ(worker.media().held_bytes, 5U);
  EXPECT_EQ(worker.media().planned_bytes, 0U) << "no plan";
  object["plan"] = {{"fits", true}, {"holders", {{"media", 3}}}};
  worker.take(object);
  EXPECT_EQ(worker.media().planned_bytes, 3U);
  worker.lost();
  EXPECT_EQ(worker.media().held_bytes, 0U);
}

TEST(WorkerSample, SaysWithHowManyStepsThePlanInForceWasMade) {
  WorkerSample worker;
  EXPECT_EQ(worker.steps_down(), std::nullopt);
  Json object = sample({});
  object["worker"] = {{"steps_down", 2}};
  worker.take(object);
  EXPECT_EQ(worker.steps_down(), 2);
}

TEST(WorkerSample, OnlyCriticalPressureDelaysTheWayBack) {
  WorkerSample worker;
  EXPECT_FALSE(worker.is_pressed_critically());
  for (const auto& [pressure, critically] :
       {std::pair{"normal", false}, {"warning", false}, {"critical", true}}) {
    Json object = sample({});
    object["pressure"] = pressure;
    worker.take(object);
    EXPECT_EQ(worker.is_pressed_critically(), critically) << pressure;
  }
}

}  // namespace
}  // namespace plimsoll::server
