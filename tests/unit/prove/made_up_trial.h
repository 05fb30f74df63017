// A trial in which everything is as the document wants it, with round figures that nobody measured.
#pragma once

#include "plimsoll/size.h"
#include "prove/measurements.h"

namespace plimsoll::prove {

inline Answer made_up_answer(Part part, int round, double at_s) {
  return {.part = part,
          .round = round,
          .at_s = at_s,
          .response_ms = 500,
          .whole_ms = 5500,
          .tokens = 101,
          .tokens_per_second = 20,
          .held_ms = 0.05,
          .model_stayed = true,
          .footprint_bytes = 600 * kMiB,
          .footprint_peak_bytes = 620 * kMiB};
}

inline Trial made_up_trial(Strategy strategy = Strategy::tiered) {
  Trial trial{.strategy = strategy, .plan = quick_plan(), .place = "in a memory cgroup"};
  trial.setting = Setting{.model = "made-up • 500M",
                          .device_memory_bytes = 4 * kGiB,
                          .configuration = configuration_for(strategy, 4 * kGiB),
                          .cache_limit_bytes = 0};
  trial.setting->cache_limit_bytes = *trial.setting->configuration.cache_limit_bytes;
  trial.first_load_ms = 400;
  for (const Part part : {Part::first_load, Part::in_a_row, Part::switching, Part::stress, Part::long_run}) {
    for (int round = 0; round < 4; ++round) {
      const double at_s = 40.0 * static_cast<int>(part) + 10 * round;
      trial.answers.push_back(made_up_answer(part, round, at_s));
      trial.samples.push_back({.at_s = at_s, .holder_bytes = {400 * kMiB}, .footprint_bytes = 610 * kMiB});
    }
  }
  trial.calls = {{"load_state(), nothing running", 0.001}, {"cancel_generation(), while answering", 0.02}};
  trial.complete = true;
  return trial;
}

}  // namespace plimsoll::prove
