#include "server/caution_steps.h"

#include <gtest/gtest.h>

#include <limits>

namespace plimsoll::server {
namespace {

TEST(StepDown, TakesFromAllThatAPlanMayUse) {
  MemoryBudget budget{
      .line_bytes = 1000, .footprint_bytes = 100, .growth_bytes = 2000, .private_bytes = 4000};
  step_down(budget, 0);
  EXPECT_EQ(budget.growth_bytes, 2000U);
  EXPECT_EQ(budget.steps_down, 0);
  step_down(budget, 1);
  EXPECT_EQ(budget.steps_down, 1);
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

TEST(CautionSteps, EaseOneByOneDownToNone) {
  CautionSteps steps;
  EXPECT_FALSE(steps.ease());
  steps.set(2);
  EXPECT_TRUE(steps.ease());
  EXPECT_EQ(steps.count(), 1);
  EXPECT_TRUE(steps.ease());
  EXPECT_FALSE(steps.ease());
  EXPECT_EQ(steps.count(), 0);
}

TEST(CautionSteps, ALimitNeverAddsAny) {
  CautionSteps steps;
  steps.set(3);
  steps.limit_to(5);
  EXPECT_EQ(steps.count(), 3);
  steps.limit_to(1);
  EXPECT_EQ(steps.count(), 1);
}

}  // namespace
}  // namespace plimsoll::server
