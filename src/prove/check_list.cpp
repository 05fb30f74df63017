#include "prove/check_list.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "plimsoll/size.h"

namespace plimsoll::prove {

namespace {

constexpr const char* kNotMeasured = "not measured";

std::string ms_text(double ms) { return fmt::format("{:.3f} ms", ms); }

std::string seconds_text(double ms) { return fmt::format("{:.2f} s", ms / 1000); }

std::string signed_size(double bytes) {
  return (bytes < 0 ? "-" : "+") + format_size(static_cast<std::uint64_t>(std::abs(bytes)));
}

Check unmeasured(PointOfList point, std::string number, std::string what, std::string bound) {
  return {.point = point,
          .number = std::move(number),
          .what = std::move(what),
          .figure = kNotMeasured,
          .bound = std::move(bound),
          .note = "",
          .passed = false};
}

// The configuration's points; `setting` may be missing where the process never came so far.
struct Configured {
  const std::optional<Setting>& setting;

  Check tier() const {
    Check c = unmeasured(PointOfList::standard_class, "1", "Classified as standard", "standard or above");
    if (!setting) return c;
    const DeviceMemoryTier tier = setting->configuration.tier;
    c.figure = to_string(tier);
    c.note = "a device of " + format_size(setting->device_memory_bytes);
    c.passed = tier >= DeviceMemoryTier::standard;
    return c;
  }
  Check cache() const {
    Check c =
        unmeasured(PointOfList::cache_limit, "2", "Cache limit", "at least " + format_size(kLeastCacheBytes));
    if (!setting) return c;
    c.figure = format_size(setting->cache_limit_bytes);
    c.passed = setting->cache_limit_bytes >= kLeastCacheBytes;
    return c;
  }
  Check image() const {
    Check c = unmeasured(PointOfList::image_size, "4", "Image size",
                         fmt::format("at least {0} x {0}", kLeastImageSize));
    if (!setting) return c;
    const int size = setting->configuration.image_size;
    c.figure = size == kFullImageSize ? "all of the picture" : fmt::format("{0} x {0}", size);
    c.passed = size >= kLeastImageSize;
    return c;
  }
  Check tokens() const {
    Check c = unmeasured(PointOfList::max_tokens, "5", "Longest answer",
                         fmt::format("at least {} tokens", kLeastMaxTokens));
    if (!setting) return c;
    c.figure = fmt::format("{} tokens", setting->configuration.max_tokens);
    c.note = "as the plan of the load has it";
    c.passed = setting->configuration.max_tokens >= kLeastMaxTokens;
    return c;
  }
};

Check speed_check(const Figures& f) {
  Check c = unmeasured(PointOfList::speed, "3", "Speed",
                       fmt::format("at least {:.0f} tokens/s", kLeastTokensPerSecond));
  if (!f.tokens_per_second) return c;
  c.figure = fmt::format("{:.1f} tokens/s", *f.tokens_per_second);
  c.note = fmt::format("median of {} answers while they were written; the slowest {:.1f}", f.answers,
                       *f.slowest_tokens_per_second);
  c.passed = *f.tokens_per_second >= kLeastTokensPerSecond;
  return c;
}

Check stays_check(const Figures& f) {
  Check c = unmeasured(PointOfList::model_stays, "6", "The model stays in memory", "loaded once");
  if (f.answers == 0) return c;
  c.figure = fmt::format("{} {} for {} answers", f.loads, f.loads == 1 ? "load" : "loads", f.answers);
  c.note = f.model_stayed ? "loaded behind every answer" : "not loaded behind some answer";
  c.passed = f.loads == 1 && f.model_stayed;
  return c;
}

Check cleanup_check(const Trial& trial, const Figures& f) {
  Check c = unmeasured(PointOfList::no_needless_cleanup, "7", "No needless clean-up",
                       "0 rounds while the pressure is normal");
  if (f.answers == 0) return c;
  c.figure = fmt::format("{} rounds", trial.cleanups.needless);
  c.note = fmt::format("caches cleared and heap trimmed; {} in all, with those that were asked for",
                       trial.cleanups.all);
  c.passed = trial.cleanups.needless == 0;
  return c;
}

Check blocked_check(const Figures& f) {
  Check c = unmeasured(PointOfList::caller_not_blocked, "8", "The caller is never blocked",
                       fmt::format("below {:.0f} ms", kBlockedBelowMs));
  if (!f.longest_call) return c;
  const double held_ms = f.held_ms.value_or(0);
  c.figure = ms_text(std::max(held_ms, f.longest_call->blocked_ms));
  c.note = fmt::format(
      "the longest of the calls that must not block: {}, {}; generate() kept its caller {} after "
      "its last word (median)",
      f.longest_call->name, ms_text(f.longest_call->blocked_ms), f.held_ms ? ms_text(held_ms) : kNotMeasured);
  c.passed = held_ms < kBlockedBelowMs && f.longest_call->blocked_ms < kBlockedBelowMs;
  return c;
}

Check stable_check(const Trial& trial, const Figures& f) {
  Check c = unmeasured(PointOfList::stable_long_run, "9", "Stable through a long run",
                       "no crash, no failed answer, growth below " + format_size(kGrowthBelowBytes));
  const std::size_t crashes = trial.crashes.size();
  c.figure = fmt::format("{} crashes, {} failed answers", crashes, f.failures);
  if (!trial.crashes.empty()) {
    c.note = fmt::format("the first crash: in \"{}\" the process {}", to_string(trial.crashes.front().part),
                         trial.crashes.front().how);
  } else if (!trial.complete) {
    c.note = "it did not come to its end";
  }
  if (!f.growth_bytes) return c;
  c.figure += ", " + signed_size(*f.growth_bytes);
  if (c.note.empty()) {
    c.note = fmt::format("{}; footprint by its robust slope (Theil-Sen), {} an hour",
                         length_text(trial.plan.long_run), signed_size(*f.growth_per_hour));
  }
  c.passed = trial.complete && crashes == 0 && f.failures == 0 &&
             *f.growth_bytes < static_cast<double>(kGrowthBelowBytes);
  return c;
}

Check peak_check(const Trial& trial, const Figures& f) {
  Check c =
      unmeasured(PointOfList::peak_memory, "10", "Peak memory", "below " + format_size(kPeakBelowBytes));
  c.note = "all of the process, resident";
  if (f.peak_bytes == 0) return c;
  c.figure = format_size(f.peak_bytes);
  if (trial.cgroup_peak_bytes > 0)
    c.note +=
        "; the cgroup, with files that the system keeps in memory, " + format_size(trial.cgroup_peak_bytes);
  c.passed = f.peak_bytes < kPeakBelowBytes;
  return c;
}

Check response_check(const Figures& f) {
  Check c = unmeasured(PointOfList::response, "+", "The response starts",
                       fmt::format("within {:.0f} s", kResponseBelowMs / 1000));
  if (!f.response_ms) return c;
  c.figure = seconds_text(*f.response_ms);
  c.note = fmt::format("median over pictures not seen before; the slowest {}",
                       seconds_text(*f.slowest_response_ms));
  if (f.known_response_ms)
    c.note += fmt::format("; about a picture that it knows {}", seconds_text(*f.known_response_ms));
  c.passed = *f.response_ms < kResponseBelowMs;
  return c;
}

}  // namespace

std::string length_text(std::chrono::milliseconds length) {
  const std::chrono::duration<double> seconds = length;
  if (seconds < std::chrono::minutes(1)) return fmt::format("{:.3g} s", seconds.count());
  return fmt::format("{:.4g} minutes", seconds.count() / 60);
}

std::vector<Check> check_list(const Trial& trial) {
  const Figures figures = figures_of(trial);
  const Configured configured{trial.setting};
  return {configured.tier(),
          configured.cache(),
          speed_check(figures),
          configured.image(),
          configured.tokens(),
          stays_check(figures),
          cleanup_check(trial, figures),
          blocked_check(figures),
          stable_check(trial, figures),
          peak_check(trial, figures),
          response_check(figures)};
}

bool is_proof(const Trial& trial) {
  const auto checks = check_list(trial);
  return trial.complete && !trial.interrupted && trial.failure.empty() &&
         std::all_of(checks.begin(), checks.end(), [](const Check& check) { return check.passed; });
}

}  // namespace plimsoll::prove
