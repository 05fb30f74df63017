#include "prove/plots.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <functional>
#include <utility>

#include "plimsoll/size.h"
#include "prove/check_list.h"
#include "prove/svg_plot.h"

namespace plimsoll::prove {

namespace {

constexpr double kMinute = 60;
constexpr std::size_t kMostSamples = 400;  // more than the paper can show
constexpr int kResidentColor = 9;

double mib(std::size_t bytes) { return static_cast<double>(bytes) / kMiB; }

// Of each stretch the sample with the largest footprint: a peak is not to be lost.
std::vector<Sample> thinned(const std::vector<Sample>& samples) {
  const std::size_t step = 1 + samples.size() / kMostSamples;
  std::vector<Sample> kept;
  for (std::size_t i = 0; i < samples.size(); i += step) {
    const auto end = samples.begin() + static_cast<std::ptrdiff_t>(std::min(i + step, samples.size()));
    kept.push_back(*std::max_element(
        samples.begin() + static_cast<std::ptrdiff_t>(i), end,
        [](const Sample& a, const Sample& b) { return a.footprint_bytes < b.footprint_bytes; }));
  }
  return kept;
}

std::string strategy_name(const Trial& trial) { return std::string(to_string(trial.strategy)); }

int color_of(Strategy strategy) { return static_cast<int>(strategy); }

using Value = std::function<double(const Answer&)>;

bool is_drawn(const Answer& answer) { return answer.part != Part::calls && answer.error.empty(); }

// All answers of one trial, part by part.
void draw_one(const Trial& trial, const Value& value, Plot& plot) {
  PlotLine unknown{.label = "picture not seen before", .color = 2, .points = {}, .mark = Mark::dots};
  PlotLine known{.label = "picture that it knows", .color = 0, .points = {}, .mark = Mark::dots};
  std::optional<Part> part;
  double round = 0;
  for (const Answer& answer : trial.answers) {
    if (!is_drawn(answer)) continue;
    ++round;
    if (part != answer.part) {
      part = answer.part;
      plot.sections.push_back({std::string(to_string(answer.part)), round - 0.5});
    }
    (answer.picture_known ? known : unknown).points.push_back({round, value(answer)});
  }
  plot.lines = {std::move(unknown), std::move(known)};
  plot.frame.x_label = "answer, in order";
}

// The stress rounds, which are as many for every strategy.
void draw_several(const std::vector<Trial>& trials, const Value& value, Plot& plot) {
  for (const Trial& trial : trials) {
    PlotLine line{.label = strategy_name(trial), .color = color_of(trial.strategy), .points = {}};
    for (const Answer& answer : trial.answers) {
      if (is_drawn(answer) && answer.part == Part::stress)
        line.points.push_back({answer.round + 1.0, value(answer)});
    }
    plot.lines.push_back(std::move(line));
  }
  plot.frame.x_label = "stress round";
}

std::string rounds_figure(const std::vector<Trial>& trials, Plot plot, const Value& value) {
  if (trials.size() == 1) {
    draw_one(trials.front(), value, plot);
  } else {
    draw_several(trials, value, plot);
  }
  return svg_figure(plot);
}

}  // namespace

std::string memory_figure(const Trial& trial) {
  const std::vector<Sample> samples = thinned(trial.samples);
  Plot plot{.frame = {"Memory by holder, " + strategy_name(trial), "minutes", "MiB"}};
  PlotLine resident{.label = "resident, all of the process", .color = kResidentColor, .points = {}};
  for (const Sample& sample : samples) {
    plot.x.push_back(sample.at_s / kMinute);
    resident.points.push_back({sample.at_s / kMinute, mib(sample.footprint_bytes)});
  }
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    PlotArea area{.label = std::string(to_string(static_cast<MemoryHolder>(i))),
                  .color = static_cast<int>(i),
                  .heights = {}};
    for (const Sample& sample : samples) area.heights.push_back(mib(sample.holder_bytes[i]));
    const bool held = std::any_of(area.heights.begin(), area.heights.end(), [](double v) { return v > 0; });
    if (held) plot.areas.push_back(std::move(area));
  }
  for (const Reclaim& reclaim : trial.reclaims) plot.ticks_above.push_back(reclaim.at_s / kMinute);
  plot.lines.push_back(std::move(resident));
  plot.bound = PlotBound{"bound of the peak, 2.5 GB", mib(kPeakBelowBytes)};
  return svg_figure(plot);
}

std::string response_figure(const std::vector<Trial>& trials) {
  Plot plot{.frame = {"Response: from the question to the first word", "", "seconds"}};
  plot.bound = PlotBound{"bound, 2 s", kResponseBelowMs / 1000};
  return rounds_figure(trials, std::move(plot), [](const Answer& a) { return a.response_ms / 1000; });
}

std::string speed_figure(const std::vector<Trial>& trials) {
  Plot plot{.frame = {"Speed while the answer is written", "", "tokens/s"}};
  plot.bound = PlotBound{"bound, 15 tokens/s", kLeastTokensPerSecond};
  return rounds_figure(trials, std::move(plot), [](const Answer& a) { return a.tokens_per_second; });
}

std::string reclaim_figure(const Trial& trial) {
  if (trial.reclaims.empty()) {
    const bool calm = std::all_of(trial.samples.begin(), trial.samples.end(), [](const Sample& sample) {
      return sample.pressure == MemoryPressure::normal;
    });
    return fmt::format("<p class=\"quiet\">{}: nothing was given back under pressure{}.</p>\n",
                       escaped(strategy_name(trial)), calm ? "; it was normal all the time" : "");
  }
  Plot plot{.frame = {"Given back under pressure, " + strategy_name(trial), "minutes", "MiB a step"}};
  PlotLine claimed{.label = "claimed", .color = 2, .points = {}, .mark = Mark::dots};
  PlotLine returned{.label = "left the process", .color = 0, .points = {}, .mark = Mark::dots};
  for (const Reclaim& reclaim : trial.reclaims) {
    claimed.points.push_back({reclaim.at_s / kMinute, mib(reclaim.claimed_bytes)});
    returned.points.push_back({reclaim.at_s / kMinute, mib(reclaim.returned_bytes)});
  }
  plot.lines = {std::move(claimed), std::move(returned)};
  return svg_figure(plot);
}

}  // namespace plimsoll::prove
