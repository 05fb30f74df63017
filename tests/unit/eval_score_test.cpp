#include "cli/eval_score.h"

#include <gtest/gtest.h>

namespace plimsoll::cli {
namespace {

EvalScore two_of_three() {
  EvalScore score;
  score.add("what", true);
  score.add("count", false);
  score.add("what", true);
  return score;
}

TEST(EvalScoreTest, CountsTaskByTaskInTheOrderOfTheSet) {
  const EvalScore score = two_of_three();
  ASSERT_EQ(score.tasks().size(), 2U);
  EXPECT_EQ(score.tasks()[0].first, "what");
  EXPECT_EQ(score.tasks()[0].second.right, 2);
  EXPECT_EQ(score.tasks()[1].second.asked, 1);
  EXPECT_DOUBLE_EQ(score.all().share(), 2.0 / 3);
  EXPECT_EQ(score_table(score),
            "what   100.0%      2 of 2\n"
            "count    0.0%      0 of 1\n"
            "all     66.7%      2 of 3\n");
}

TEST(EvalScoreTest, OneTaskNeedsNoSum) {
  EvalScore score;
  score.add("all", true);
  EXPECT_EQ(score_table(score), "all  100.0%      1 of 1\n");
}

TEST(EvalScoreTest, ProgressForeseesTheEndFromThisRunAlone) {
  EXPECT_EQ(score_progress(two_of_three(), 13, 2, 20), "3 of 13, 66.7% right, 1:40 left");
  EXPECT_EQ(score_progress({}, 13, 0, 0), "0 of 13, 0.0% right");
}

TEST(EvalScoreTest, OnlySpacesAroundAnAnswerAreForgiven) {
  EXPECT_TRUE(is_right(" A dog.\n", "A dog."));
  EXPECT_FALSE(is_right("A  dog.", "A dog."));
  EXPECT_FALSE(is_right("a dog.", "A dog."));
  EXPECT_FALSE(is_right("", "A dog."));
}

}  // namespace
}  // namespace plimsoll::cli
