#include "server/plan_steps.h"

#include <gtest/gtest.h>

namespace plimsoll::server {
namespace {

using namespace std::chrono_literals;

class PlanStepsTest : public testing::Test {
 protected:
  void die(DeathCause cause = DeathCause::memory) { steps_.died(now_, cause); }
  void die_times(int times) {
    for (int i = 0; i < times; ++i) die();
  }
  bool take_back_after(std::chrono::seconds time) {
    now_ += time;
    return steps_.take_back(now_);
  }
  // A step is taken back, and the next death for memory comes at once.
  void relapse() {
    steps_.answered(steps_.proof());
    ASSERT_TRUE(take_back_after(steps_.calm()));
    die();
  }

  PlanSteps steps_;
  PlanSteps::Clock::time_point now_{1h};
};

TEST_F(PlanStepsTest, BeginsWithNone) {
  EXPECT_EQ(steps_.count(), 0);
  EXPECT_FALSE(take_back_after(1h));
  EXPECT_FALSE(steps_.next_look());
}

TEST_F(PlanStepsTest, TakesAStepForEachDeathForMemoryUpToTheMost) {
  die();
  EXPECT_EQ(steps_.count(), 1);
  die();
  EXPECT_EQ(steps_.count(), 2);
  die_times(20);
  EXPECT_EQ(steps_.count(), PlanSteps::kMost);
}

TEST_F(PlanStepsTest, TakesNoneForARequestsPictureNorForADefect) {
  die(DeathCause::media);
  die(DeathCause::defect);
  EXPECT_EQ(steps_.count(), 0);
}

TEST_F(PlanStepsTest, ADeathForARequestsPictureDelaysNoStepBack) {
  die();
  now_ += PlanSteps::kFirstCalm - 1s;
  die(DeathCause::media);
  EXPECT_TRUE(take_back_after(1s));
}

TEST_F(PlanStepsTest, TakesOneBackEachTimeThatCalmHasLasted) {
  die_times(2);
  EXPECT_EQ(steps_.next_look(), now_ + PlanSteps::kFirstCalm);
  EXPECT_FALSE(take_back_after(PlanSteps::kFirstCalm - 1s));
  EXPECT_TRUE(take_back_after(1s));
  EXPECT_EQ(steps_.count(), 1);
  EXPECT_FALSE(take_back_after(PlanSteps::kFirstCalm - 1s));
  EXPECT_TRUE(take_back_after(1s));
  EXPECT_EQ(steps_.count(), 0);
  EXPECT_FALSE(take_back_after(1h));
}

TEST_F(PlanStepsTest, ADeathForMemoryBeginsTheCalmAnew) {
  die();
  now_ += PlanSteps::kFirstCalm - 1s;
  die();
  EXPECT_FALSE(take_back_after(PlanSteps::kFirstCalm - 1s));
  EXPECT_TRUE(take_back_after(1s));
}

TEST_F(PlanStepsTest, PressedMemoryIsNoCalm) {
  die();
  now_ += PlanSteps::kFirstCalm - 1s;
  steps_.pressed(now_);
  EXPECT_FALSE(take_back_after(PlanSteps::kFirstCalm - 1s));
  EXPECT_TRUE(take_back_after(1s));
}

TEST_F(PlanStepsTest, APlanThatDidNotFitLeavesTheStepsOfTheOneThatDid) {
  die_times(6);
  EXPECT_TRUE(steps_.planned_with(2));
  EXPECT_EQ(steps_.count(), 2);
  EXPECT_FALSE(steps_.planned_with(2));
  EXPECT_FALSE(steps_.planned_with(5)) << "a plan that is still in force adds none";
  EXPECT_EQ(steps_.count(), 2);
  EXPECT_TRUE(steps_.planned_with(0));
  EXPECT_EQ(steps_.count(), 0);
  die();
  EXPECT_EQ(steps_.count(), 1);
}

TEST_F(PlanStepsTest, ARelapseDoublesTheCalmUpToTheLongest) {
  die();
  for (const auto expected : {120s, 240s, 480s, 600s, 600s}) {
    relapse();
    EXPECT_EQ(steps_.calm(), expected);
    EXPECT_EQ(steps_.count(), 1);
  }
}

TEST_F(PlanStepsTest, AfterARelapseAnswersAreAskedForToo) {
  die();
  EXPECT_EQ(steps_.proof(), 0U);
  for (const auto expected : {4U, 8U, 16U, 32U, 32U}) {
    relapse();
    EXPECT_EQ(steps_.proof(), expected);
  }
  EXPECT_FALSE(take_back_after(24h));
  steps_.answered(31);
  EXPECT_FALSE(steps_.take_back(now_));
  steps_.answered(1);
  EXPECT_TRUE(steps_.take_back(now_));
}

TEST_F(PlanStepsTest, DeathsThatFollowNoStepBackAreNoRelapse) {
  die_times(6);
  EXPECT_EQ(steps_.calm(), PlanSteps::kFirstCalm);
  relapse();
  die_times(2);
  EXPECT_EQ(steps_.calm(), 2 * PlanSteps::kFirstCalm) << "one step back, one relapse";
}

TEST_F(PlanStepsTest, ATrialTakesTimeAndAnswers) {
  const auto calm_after = [this](std::chrono::seconds time, std::uint64_t answers) {
    steps_ = {};
    die();
    EXPECT_TRUE(take_back_after(PlanSteps::kFirstCalm));
    steps_.answered(answers);
    now_ += time;
    die();
    return steps_.calm();
  };
  EXPECT_EQ(calm_after(PlanSteps::kLongestCalm, PlanSteps::kTrialAnswers), PlanSteps::kFirstCalm);
  EXPECT_EQ(calm_after(PlanSteps::kLongestCalm - 1s, PlanSteps::kTrialAnswers), 2 * PlanSteps::kFirstCalm);
  EXPECT_EQ(calm_after(24h, PlanSteps::kTrialAnswers - 1), 2 * PlanSteps::kFirstCalm);
}

TEST_F(PlanStepsTest, ATrialThatEndsWithAllTakenBackForgetsTheRelapses) {
  die();
  relapse();
  relapse();
  steps_.answered(steps_.proof());
  ASSERT_TRUE(take_back_after(steps_.calm()));
  steps_.answered(PlanSteps::kTrialAnswers);
  EXPECT_FALSE(take_back_after(PlanSteps::kLongestCalm));
  EXPECT_EQ(steps_.calm(), PlanSteps::kFirstCalm);
  EXPECT_EQ(steps_.proof(), 0U);
}

TEST_F(PlanStepsTest, WhileStepsAreLeftTheRelapsesCount) {
  die_times(3);
  relapse();
  steps_.answered(steps_.proof());
  ASSERT_TRUE(take_back_after(steps_.calm()));
  steps_.answered(1);
  EXPECT_FALSE(take_back_after(1s));
  EXPECT_EQ(steps_.calm(), 2 * PlanSteps::kFirstCalm);
  EXPECT_EQ(steps_.count(), 2);
}

}  // namespace
}  // namespace plimsoll::server
