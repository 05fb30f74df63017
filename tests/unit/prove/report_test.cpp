#include "prove/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "prove/check_list.h"
#include "prove/comparison.h"
#include "prove/svg_plot.h"
#include "report/json.h"
#include "tests/unit/prove/made_up_trial.h"

namespace plimsoll::prove {
namespace {

using testing::HasSubstr;
using testing::Not;

const Circumstances kHere{"plimsoll 1.2.3", "plimsoll prove --compare", "2026-01-31 14:05 UTC", "a machine"};

Trial old_trial() {
  Trial trial = made_up_trial(Strategy::legacy);
  for (Answer& answer : trial.answers) {
    answer.load_ms = 300;
    answer.response_ms = 900;
    answer.held_ms = 9;
    answer.model_stayed = false;
  }
  trial.cleanups = {.all = 120, .needless = 120};
  return trial;
}

const std::vector<Trial> kBoth = {old_trial(), made_up_trial()};

TEST(HtmlReport, FetchesNothing) {
  const std::string html = html_report(kBoth, kHere);
  for (const char* outside : {"http", "src=", "href", "url(", "@import", "<script", "<link", "<iframe"}) {
    EXPECT_THAT(html, Not(HasSubstr(outside)));
  }
}

TEST(HtmlReport, SaysPassOnlyOfAProof) {
  EXPECT_THAT(html_report({made_up_trial()}, kHere), HasSubstr("<strong>PASS</strong>"));
  Trial harmed = made_up_trial();
  harmed.setting->configuration.image_size = 224;
  EXPECT_THAT(html_report({harmed}, kHere), HasSubstr("<strong>FAIL</strong>"));
  Trial interrupted = made_up_trial();
  interrupted.interrupted = true;
  const std::string html = html_report({interrupted}, kHere);
  EXPECT_THAT(html, HasSubstr("INTERRUPTED"));
  EXPECT_THAT(html, Not(HasSubstr("<strong>PASS</strong>")));
  EXPECT_THAT(text_report({interrupted}), HasSubstr("proves nothing"));
}

TEST(HtmlReport, TakesNamesForText) {
  Trial trial = made_up_trial();
  trial.setting->model = "<b>\"&";
  const std::string html = html_report({trial}, kHere);
  EXPECT_THAT(html, HasSubstr("&lt;b&gt;&quot;&amp;"));
  EXPECT_THAT(html, Not(HasSubstr("<b>")));
}

TEST(HtmlReport, OfATrialThatNeverBeganIsWhole) {
  Trial nothing{.strategy = Strategy::tiered, .plan = quick_plan(), .place = "nowhere"};
  nothing.failure = "no such model";
  const std::string html = html_report({nothing}, kHere);
  EXPECT_THAT(html, HasSubstr("no such model"));
  EXPECT_THAT(html, HasSubstr("</html>"));
  EXPECT_THAT(html, Not(HasSubstr("nan")));
  EXPECT_THAT(html, Not(HasSubstr("inf")));
}

TEST(JsonReport, HasTheFiguresOfThePage) {
  const auto json = report::Json::parse(json_report(kBoth, kHere));
  EXPECT_EQ(json.at("passed"), true);
  ASSERT_EQ(json.at("trials").size(), 2U);
  const auto& tiered = json.at("trials")[1];
  EXPECT_EQ(tiered.at("strategy"), "tiered");
  EXPECT_EQ(tiered.at("checks").size(), static_cast<std::size_t>(kPointCount));
  EXPECT_EQ(tiered.at("figures").at("peak_bytes"), 620 * kMiB);
  EXPECT_EQ(tiered.at("answers").size(), 20U);
  EXPECT_EQ(tiered.at("samples")[0].at("holders").at("weights.text"), 400 * kMiB);
  EXPECT_EQ(json.at("comparison")[0].at("better_percent").get<double>(), 100.0 * 17 / 3);
}

TEST(Comparison, TieredWinsEveryRowOfTheDocument) {
  const auto rows = compare(kBoth);
  EXPECT_TRUE(tiered_wins(rows));
  EXPECT_TRUE(all_pass(kBoth));
  const auto documented =
      std::count_if(rows.begin(), rows.end(), [](const auto& row) { return row.documented; });
  EXPECT_EQ(documented, 9);
}

TEST(Comparison, ARowThatIsNotBetterIsNoPass) {
  auto trials = kBoth;
  for (Answer& answer : trials[0].answers) answer.response_ms = 400;
  EXPECT_FALSE(tiered_wins(compare(trials)));
  EXPECT_FALSE(all_pass(trials));
}

TEST(Comparison, AMemoryPeakIsJudgedByItsBound) {
  auto trials = kBoth;
  for (Answer& answer : trials[0].answers) answer.footprint_peak_bytes = 500 * kMiB;
  for (Sample& sample : trials[0].samples) sample.footprint_bytes = 500 * kMiB;
  const auto rows = compare(trials);
  EXPECT_TRUE(tiered_wins(rows));
  const auto peak =
      std::find_if(rows.begin(), rows.end(), [](const auto& row) { return row.what == "Peak memory"; });
  ASSERT_NE(peak, rows.end());
  EXPECT_NEAR(*peak->better_percent, -24, 0.01);
}

TEST(Comparison, WithoutATrialSaysNothingOfIt) {
  for (const ComparedRow& row : compare({made_up_trial()})) {
    EXPECT_FALSE(row.better_percent) << row.what;
    EXPECT_EQ(row.measured.size(), 1U);
  }
}

TEST(AxisTicks, AreRoundAndReachTheMost) {
  EXPECT_EQ(axis_ticks(10), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(axis_ticks(620), (std::vector<double>{0, 200, 400, 600, 800}));
  EXPECT_EQ(axis_ticks(1), (std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1}));
}

}  // namespace
}  // namespace plimsoll::prove
