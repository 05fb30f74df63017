#include "prove/check_list.h"

#include <gtest/gtest.h>

#include <functional>

#include "tests/unit/prove/made_up_trial.h"

namespace plimsoll::prove {
namespace {

std::vector<PointOfList> failed_of(const Trial& trial) {
  std::vector<PointOfList> failed;
  for (const Check& check : check_list(trial)) {
    if (!check.passed) failed.push_back(check.point);
  }
  return failed;
}

TEST(CheckList, PassesWhereEverythingIsAsTheDocumentWantsIt) {
  const Trial trial = made_up_trial();
  EXPECT_TRUE(failed_of(trial).empty());
  EXPECT_TRUE(is_proof(trial));
}

TEST(CheckList, HasThePointsInTheDocumentsOrder) {
  std::string numbers;
  for (const Check& check : check_list(made_up_trial())) numbers += check.number + " ";
  EXPECT_EQ(numbers, "1 2 3 4 5 6 7 8 9 10 + ");
}

// What one change does to the list.
struct Harm {
  const char* name;
  std::function<void(Trial&)> harm;
  std::vector<PointOfList> fails;
};

void of_each_answer(Trial& trial, const std::function<void(Answer&)>& change) {
  for (Answer& answer : trial.answers) change(answer);
}

const std::vector<Harm>& harms() {
  using enum PointOfList;
  static const std::vector<Harm> all = {
      {"a_lower_class",
       [](Trial& t) { t.setting->configuration.tier = DeviceMemoryTier::low; },
       {standard_class}},
      {"cache_just_too_small", [](Trial& t) { t.setting->cache_limit_bytes = 15 * kMiB - 1; }, {cache_limit}},
      {"small_images", [](Trial& t) { t.setting->configuration.image_size = 383; }, {image_size}},
      {"short_answers", [](Trial& t) { t.setting->configuration.max_tokens = 799; }, {max_tokens}},
      {"slow", [](Trial& t) { of_each_answer(t, [](Answer& a) { a.tokens_per_second = 14.9; }); }, {speed}},
      {"reloads", [](Trial& t) { t.answers.back().load_ms = 300; }, {model_stays}},
      {"left_after_an_answer", [](Trial& t) { t.answers[3].model_stayed = false; }, {model_stays}},
      {"cleaned_up", [](Trial& t) { t.cleanups = {.all = 5, .needless = 1}; }, {no_needless_cleanup}},
      {"a_slow_call", [](Trial& t) { t.calls.push_back({"plan()", 1.0}); }, {caller_not_blocked}},
      {"a_held_caller",
       [](Trial& t) { of_each_answer(t, [](Answer& a) { a.held_ms = 8.0; }); },
       {caller_not_blocked}},
      {"a_crash",
       [](Trial& t) { t.crashes.push_back({Part::stress, "was killed by signal 9"}); },
       {stable_long_run}},
      {"an_error", [](Trial& t) { t.answers.back().error = "no memory"; }, {stable_long_run}},
      {"growth",
       [](Trial& t) {
         of_each_answer(
             t, [](Answer& a) { a.footprint_bytes += static_cast<std::size_t>(a.at_s * 1.2 * kMiB); });
       },
       {stable_long_run}},
      {"a_high_peak", [](Trial& t) { t.answers[7].footprint_peak_bytes = 2560 * kMiB; }, {peak_memory}},
      {"a_late_response",
       [](Trial& t) { of_each_answer(t, [](Answer& a) { a.response_ms = 2000; }); },
       {response}},
  };
  return all;
}

class Harmed : public testing::TestWithParam<Harm> {};

TEST_P(Harmed, FailsExactlyThere) {
  Trial trial = made_up_trial();
  GetParam().harm(trial);
  EXPECT_EQ(failed_of(trial), GetParam().fails);
  EXPECT_FALSE(is_proof(trial));
}

INSTANTIATE_TEST_SUITE_P(CheckList, Harmed, testing::ValuesIn(harms()),
                         [](const auto& harm) { return std::string(harm.param.name); });

TEST(CheckList, WhatWasNotMeasuredHasNotPassed) {
  const Trial nothing{.strategy = Strategy::tiered, .plan = quick_plan(), .place = ""};
  EXPECT_EQ(failed_of(nothing).size(), static_cast<std::size_t>(kPointCount));
}

TEST(CheckList, AnInterruptedTrialIsNoProof) {
  Trial trial = made_up_trial();
  trial.interrupted = true;
  EXPECT_FALSE(is_proof(trial));
  trial.interrupted = false;
  trial.complete = false;
  EXPECT_FALSE(is_proof(trial));
}

// The cancels' answers are cut short on purpose: neither speed nor failures are taken from them.
TEST(CheckList, DoesNotJudgeTheAnswersThatItCancels) {
  Trial trial = made_up_trial();
  Answer cut = made_up_answer(Part::calls, 0, 300);
  cut.cancelled = true;
  cut.tokens_per_second = 1;
  cut.response_ms = 1e6;
  trial.answers.push_back(cut);
  EXPECT_TRUE(failed_of(trial).empty());
}

TEST(Figures, AnAnswerOfAHundredTokensIsTheWaitAndTheWriting) {
  const Figures figures = figures_of(made_up_trial());
  ASSERT_TRUE(figures.whole_tokens_per_second);
  EXPECT_NEAR(*figures.whole_tokens_per_second, 100 / (0.5 + 99 / 20.0), 1e-9);
}

TEST(Figures, TheResponseIsThatOfPicturesNotSeenBefore) {
  Trial trial = made_up_trial();
  for (std::size_t i = 4; i < trial.answers.size(); i += 2) {
    trial.answers[i].picture_known = true;
    trial.answers[i].response_ms = 40;
  }
  const Figures figures = figures_of(trial);
  EXPECT_EQ(figures.response_ms, 500);
  EXPECT_EQ(figures.known_response_ms, 40);
}

}  // namespace
}  // namespace plimsoll::prove
