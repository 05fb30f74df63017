#include "server/restart_policy.h"

#include <gtest/gtest.h>

#include <limits>

#include "server/local_engine.h"

namespace plimsoll::server {
namespace {

using namespace std::chrono_literals;

class RestartPolicyTest : public testing::Test {
 protected:
  void run_for(std::chrono::milliseconds time, bool short_of_memory = false) {
    policy_.started(now_);
    now_ += time;
    policy_.died(now_, short_of_memory);
  }
  std::chrono::milliseconds pause() const {
    return std::chrono::duration_cast<std::chrono::milliseconds>(policy_.next_start().value() - now_);
  }

  RestartPolicy policy_;
  RestartPolicy::Clock::time_point now_{1h};
};

TEST_F(RestartPolicyTest, StartsAgainAtOnce) {
  run_for(1h);
  EXPECT_EQ(pause(), 0ms);
  run_for(1h);
  EXPECT_EQ(pause(), 0ms);
}

TEST_F(RestartPolicyTest, EarlyDeathsInARowPauseLongerAndThenWaitForARequest) {
  for (const auto expected : {0ms, 250ms, 500ms, 1000ms}) {
    run_for(1s);
    EXPECT_EQ(pause(), expected);
  }
  run_for(1s);
  EXPECT_FALSE(policy_.next_start());
  now_ += 1h;
  policy_.wanted(now_);
  EXPECT_EQ(pause(), 0ms);
  run_for(1s);
  EXPECT_FALSE(policy_.next_start()) << "one try a request";
}

TEST_F(RestartPolicyTest, ALongLifeForgetsEarlyDeaths) {
  for (int i = 0; i < 4; ++i) run_for(1s);
  run_for(RestartPolicy::kEarly);
  EXPECT_EQ(pause(), 0ms);
  run_for(1s);
  EXPECT_EQ(pause(), 0ms);
}

TEST_F(RestartPolicyTest, AWishChangesNothingWhileAStartIsDue) {
  for (int i = 0; i < 3; ++i) run_for(1s);
  policy_.wanted(now_);
  EXPECT_EQ(pause(), 500ms);
}

TEST_F(RestartPolicyTest, StepsDownForMemoryAlone) {
  run_for(1h, false);
  EXPECT_EQ(policy_.steps_down(), 0);
  run_for(1h, true);
  run_for(1s, true);
  EXPECT_EQ(policy_.steps_down(), 2);
  for (int i = 0; i < 20; ++i) run_for(1h, true);
  EXPECT_EQ(policy_.steps_down(), RestartPolicy::kMostSteps);
}

TEST_F(RestartPolicyTest, StepsComeBackOneByOneWhileNothingHappens) {
  run_for(1h, true);
  run_for(1h, true);
  policy_.started(now_);
  EXPECT_FALSE(policy_.recovers(now_ + RestartPolicy::kHealthy - 1ms));
  EXPECT_TRUE(policy_.recovers(now_ + RestartPolicy::kHealthy));
  EXPECT_EQ(policy_.steps_down(), 1);
  EXPECT_FALSE(policy_.recovers(now_ + RestartPolicy::kHealthy));
  EXPECT_TRUE(policy_.recovers(now_ + 2 * RestartPolicy::kHealthy));
  EXPECT_EQ(policy_.steps_down(), 0);
  EXPECT_FALSE(policy_.recovers(now_ + 10 * RestartPolicy::kHealthy));
}

TEST(StepDown, TakesFromAllThatAPlanMayUse) {
  MemoryBudget budget{
      .line_bytes = 1000, .footprint_bytes = 100, .growth_bytes = 2000, .private_bytes = 4000};
  step_down(budget, 0);
  EXPECT_EQ(budget.growth_bytes, 2000U);
  step_down(budget, 1);
  EXPECT_EQ(budget.line_bytes, 850U);
  EXPECT_EQ(budget.footprint_bytes, 100U);
  EXPECT_EQ(budget.growth_bytes, 1700U);
  EXPECT_EQ(budget.private_bytes, 3400U);
}

TEST(StepDown, LeavesWhatHasNoBoundWithoutOne) {
  MemoryBudget budget;
  budget.growth_bytes = std::numeric_limits<std::size_t>::max();
  step_down(budget, 0);
  EXPECT_EQ(budget.growth_bytes, std::numeric_limits<std::size_t>::max());
  step_down(budget, 8);
  EXPECT_FALSE(budget.line_bytes);
  EXPECT_FALSE(budget.private_bytes);
}

}  // namespace
}  // namespace plimsoll::server
