#include "prove/figures.h"

#include <algorithm>
#include <vector>

#include "prove/trend.h"

namespace plimsoll::prove {

namespace {

bool is_whole(const Answer& answer) { return answer.error.empty() && !answer.cancelled; }

bool is_first(const Answer& answer) { return answer.part == Part::first_load; }

// The plan's own questions: those that are cancelled on purpose are no answers to judge.
bool counts(const Answer& answer) { return answer.part != Part::calls; }

template <typename Choose, typename Value>
std::vector<double> values_of(const Trial& trial, Choose choose, Value value) {
  std::vector<double> values;
  for (const Answer& answer : trial.answers) {
    if (counts(answer) && is_whole(answer) && choose(answer)) values.push_back(value(answer));
  }
  return values;
}

std::optional<double> median_of(const std::vector<double>& values) {
  return values.empty() ? std::nullopt : std::optional(median(values));
}

void add_speeds(const Trial& trial, Figures& figures) {
  const auto speeds = values_of(
      trial, [](const Answer& a) { return !is_first(a) && a.tokens_per_second > 0; },
      [](const Answer& a) { return a.tokens_per_second; });
  const auto response = [](const Answer& a) { return a.response_ms; };
  const auto unknown =
      values_of(trial, [](const Answer& a) { return !is_first(a) && !a.picture_known; }, response);
  const auto known = values_of(trial, [](const Answer& a) { return a.picture_known; }, response);
  figures.tokens_per_second = median_of(speeds);
  figures.response_ms = median_of(unknown);
  figures.known_response_ms = median_of(known);
  if (!speeds.empty()) figures.slowest_tokens_per_second = *std::min_element(speeds.begin(), speeds.end());
  if (!unknown.empty()) figures.slowest_response_ms = *std::max_element(unknown.begin(), unknown.end());
  if (figures.tokens_per_second && figures.response_ms) {
    const double writing_s = (kWholeAnswerTokens - 1) / *figures.tokens_per_second;
    figures.whole_tokens_per_second = kWholeAnswerTokens / (*figures.response_ms / 1000 + writing_s);
  }
}

void add_loads(const Trial& trial, Figures& figures) {
  const auto reloads =
      values_of(trial, [](const Answer&) { return true; }, [](const Answer& a) { return a.load_ms > 0; });
  const auto again = static_cast<int>(std::count(reloads.begin(), reloads.end(), 1.0));
  figures.loads = again + (trial.first_load_ms ? 1 : 0);
  figures.model_stayed = figures.answers > 0;
  for (const Answer& answer : trial.answers) {
    if (counts(answer) && !answer.model_stayed) figures.model_stayed = false;
  }
  if (figures.answers == 0) return;
  figures.loads_per_answer = static_cast<double>(again) / figures.answers;
  figures.cleanups_per_answer = static_cast<double>(trial.cleanups.needless) / figures.answers;
}

void add_blocking(const Trial& trial, Figures& figures) {
  figures.held_ms = median_of(values_of(
      trial, [](const Answer& a) { return a.held_ms.has_value(); },
      [](const Answer& a) { return *a.held_ms; }));
  const auto longest =
      std::max_element(trial.calls.begin(), trial.calls.end(),
                       [](const Call& a, const Call& b) { return a.blocked_ms < b.blocked_ms; });
  if (longest != trial.calls.end()) figures.longest_call = *longest;
}

void add_growth(const Trial& trial, Figures& figures) {
  std::vector<Point> footprints;
  for (const Answer& answer : trial.answers) {
    if (answer.part == Part::long_run && is_whole(answer))
      footprints.push_back({answer.at_s, static_cast<double>(answer.footprint_bytes)});
  }
  if (footprints.size() < 2) return;
  constexpr double kHour = 3600;
  const double slope = theil_sen_slope(footprints);
  figures.growth_bytes = slope * (footprints.back().x - footprints.front().x);
  figures.growth_per_hour = slope * kHour;
}

}  // namespace

Figures figures_of(const Trial& trial) {
  Figures figures;
  for (const Answer& answer : trial.answers) {
    figures.peak_bytes = std::max(figures.peak_bytes, answer.footprint_peak_bytes);
    if (!answer.error.empty()) ++figures.failures;
    if (counts(answer) && is_whole(answer)) ++figures.answers;
  }
  for (const Sample& sample : trial.samples)
    figures.peak_bytes = std::max(figures.peak_bytes, sample.footprint_bytes);
  add_speeds(trial, figures);
  add_loads(trial, figures);
  add_blocking(trial, figures);
  add_growth(trial, figures);
  return figures;
}

}  // namespace plimsoll::prove
