#include "prove/events.h"

#include <gtest/gtest.h>

#include "prove/trial_task.h"
#include "tests/unit/prove/made_up_trial.h"

namespace plimsoll::prove {
namespace {

// A trial that heard what was said on the way.
Trial heard(const std::vector<Event>& events) {
  Trial trial;
  for (const Event& event : events) {
    const auto parsed = parse_event(event_line(event));
    EXPECT_TRUE(parsed) << parsed.error().message;
    if (parsed) add(*parsed, trial);
  }
  return trial;
}

TEST(Events, CarryASetting) {
  const Setting sent = *made_up_trial().setting;
  const Trial trial = heard({sent});
  ASSERT_TRUE(trial.setting);
  EXPECT_EQ(trial.setting->model, sent.model);
  EXPECT_EQ(trial.setting->device_memory_bytes, 4 * kGiB);
  EXPECT_EQ(trial.setting->cache_limit_bytes, 20 * kMiB);
  EXPECT_EQ(trial.setting->configuration.memory_limit_bytes, 2500 * kMiB);
  EXPECT_EQ(trial.setting->configuration.tier, DeviceMemoryTier::standard);
  EXPECT_EQ(trial.setting->configuration.max_tokens, 800);
  EXPECT_EQ(trial.setting->configuration.image_size, 384);
  EXPECT_TRUE(trial.setting->configuration.keep_model_loaded);
}

TEST(Events, CarryAnAnswer) {
  Answer sent = made_up_answer(Part::stress, 7, 12.5);
  sent.load_ms = 3;
  sent.picture_known = true;
  sent.cancelled = true;
  const Trial trial = heard({sent});
  ASSERT_EQ(trial.answers.size(), 1U);
  const Answer& got = trial.answers[0];
  EXPECT_EQ(got.part, Part::stress);
  EXPECT_EQ(got.round, 7);
  EXPECT_EQ(got.at_s, 12.5);
  EXPECT_EQ(got.load_ms, 3);
  EXPECT_EQ(got.response_ms, sent.response_ms);
  EXPECT_EQ(got.whole_ms, sent.whole_ms);
  EXPECT_EQ(got.tokens, sent.tokens);
  EXPECT_EQ(got.tokens_per_second, sent.tokens_per_second);
  EXPECT_EQ(got.held_ms, sent.held_ms);
  EXPECT_TRUE(got.picture_known && got.cancelled && got.model_stayed);
  EXPECT_EQ(got.footprint_bytes, sent.footprint_bytes);
  EXPECT_EQ(got.footprint_peak_bytes, sent.footprint_peak_bytes);
}

TEST(Events, CarryWhatIsWatched) {
  const Trial trial =
      heard({Sample{1.5, {1, 2, 3}, 4, MemoryPressure::warning}, Reclaim{2, 0.5, "buffer cache", 10, 9},
             Call{"plan()", 0.25}, Loaded{80}, Cleanups{3, 1}, Cleanups{2, 2}, Done{}});
  ASSERT_EQ(trial.samples.size(), 1U);
  EXPECT_EQ(trial.samples[0].holder_bytes[2], 3U);
  EXPECT_EQ(trial.samples[0].pressure, MemoryPressure::warning);
  ASSERT_EQ(trial.reclaims.size(), 1U);
  EXPECT_EQ(trial.reclaims[0].returned_bytes, 9U);
  ASSERT_EQ(trial.calls.size(), 1U);
  EXPECT_EQ(trial.calls[0].blocked_ms, 0.25);
  EXPECT_EQ(trial.first_load_ms, 80);
  EXPECT_EQ(trial.cleanups.all, 5U);
  EXPECT_EQ(trial.cleanups.needless, 3U);
  EXPECT_TRUE(trial.complete);
}

TEST(Events, AnythingElseIsAnError) {
  for (const char* line : {"", "{", "[]", "{\"event\":\"lunch\"}", "{\"event\":\"sample\"}"}) {
    EXPECT_FALSE(parse_event(line)) << line;
  }
}

TEST(Events, OfASecondProcessComeLater) {
  const Event later = shifted(made_up_answer(Part::stress, 0, 2), 10);
  EXPECT_EQ(std::get<Answer>(later).at_s, 12);
}

TEST(TrialTask, CarriesWhatIsToBeDone) {
  TrialTask task{.order = {.options = {.model = "m"}, .plan = quick_plan(), .pictures = {"/a b/c.png"}},
                 .first = Part::stress,
                 .cgroup_processes = "/group/cgroup.procs"};
  const TrialTask read = task_from_word(task_word(task));
  EXPECT_EQ(read.order.options.model, "m");
  EXPECT_EQ(read.order.pictures, task.order.pictures);
  EXPECT_EQ(read.order.plan.stress_rounds, task.order.plan.stress_rounds);
  EXPECT_EQ(read.order.plan.long_run, task.order.plan.long_run);
  EXPECT_EQ(read.order.plan.answer_tokens, 48);
  EXPECT_EQ(task_from_word(task_word({})).order.plan.answer_tokens, std::nullopt);
  EXPECT_TRUE(read.order.plan.quick);
  EXPECT_EQ(read.first, Part::stress);
  EXPECT_EQ(read.cgroup_processes, "/group/cgroup.procs");
}

}  // namespace
}  // namespace plimsoll::prove
