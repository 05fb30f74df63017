// The check-list can fail: the plan's rounds on configurations that are wrong on purpose.
#include <gmock/gmock.h>

#include <algorithm>

#include "prove/check_list.h"
#include "prove/rounds.h"
#include "prove/trial.h"
#include "tests/integration/bundled_model.h"

namespace plimsoll::prove {
namespace {

using namespace std::chrono_literals;

Plan short_plan() {
  Plan plan = quick_plan();
  plan.in_a_row = 2;
  plan.switches = 3;
  plan.stress_rounds = 3;
  plan.stress_pause = 0ms;
  plan.long_run = 2s;
  return plan;
}

session::Session session_with(const MemoryConfiguration& configuration) {
  auto session = session::open_session(
      {.device = {Strategy::tiered, 4 * kGiB}, .model = (test::kModels / kDefaultModel).string()});
  EXPECT_TRUE(session) << session.error().message;
  session->device.configuration = configuration;
  session->evaluator = std::make_unique<VlmEvaluator>(
      EvaluatorOptions{.model = session->model,
                       .configuration = configuration,
                       .device_memory_bytes = 4 * kGiB,
                       .threads = 1,  // two wait for each other on a busy machine
                       .monitor = session->monitor},
      session->pool);
  return std::move(*session);
}

// The points that fail after the rounds, each with its figure.
std::vector<PointOfList> failed_points(const MemoryConfiguration& configuration) {
  session::Session session = session_with(configuration);
  const auto pictures = example_pictures();
  EXPECT_TRUE(pictures) << pictures.error().message;
  Trial trial{.strategy = configuration.strategy, .plan = short_plan(), .place = "in the test's process"};
  do_rounds(session, trial.plan, *pictures, [&](const Event& event) { add(event, trial); });
  EXPECT_TRUE(trial.complete) << trial.failure;
  std::vector<PointOfList> failed;
  for (const Check& check : check_list(trial)) {
    if (check.passed) continue;
    failed.push_back(check.point);
    std::printf("failed: %s: %s (%s; %s)\n", check.what.c_str(), check.figure.c_str(), check.bound.c_str(),
                check.note.c_str());
  }
  return failed;
}

MemoryConfiguration standard() { return configuration_for(Strategy::tiered, DeviceMemoryTier::standard); }

TEST(Prove, TheStandardClassPassesEveryPoint) { EXPECT_TRUE(failed_points(standard()).empty()); }

// The cache and the pictures of the old app, and its clean-up: the model leaves, five rounds follow, and the
// caller waits for all of it.
TEST(Prove, ACrippledConfigurationFailsWhereItIsCrippledAndNowhereElse) {
  MemoryConfiguration crippled = standard();
  crippled.strategy = Strategy::legacy;  // who cleans up on the caller's thread
  crippled.aggressive_cleanup = AggressiveCleanup::yes;
  crippled.cache_limit_bytes = 3 * kMiB;
  crippled.image_size = 224;
  EXPECT_EQ(failed_points(crippled),
            (std::vector{PointOfList::cache_limit, PointOfList::image_size, PointOfList::model_stays,
                         PointOfList::no_needless_cleanup, PointOfList::caller_not_blocked}));
}

TEST(Prove, AModelThatLeavesAfterEachAnswerIsSeen) {
  MemoryConfiguration leaving = standard();
  leaving.keep_model_loaded = false;
  EXPECT_THAT(failed_points(leaving),
              testing::IsSupersetOf({PointOfList::model_stays, PointOfList::no_needless_cleanup}));
}

}  // namespace
}  // namespace plimsoll::prove
