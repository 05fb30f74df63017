#include "prove/plan.h"

#include <array>

namespace plimsoll::prove {

namespace {

constexpr std::array<std::string_view, kPartCount> kNames = {
    "first load", "five in a row", "switching pictures", "stress", "long run", "calls"};

}  // namespace

std::string_view to_string(Part part) { return kNames[static_cast<std::size_t>(part)]; }

std::optional<Part> part_from_string(std::string_view name) {
  for (std::size_t i = 0; i < kNames.size(); ++i) {
    if (kNames[i] == name) return static_cast<Part>(i);
  }
  return std::nullopt;
}

Plan full_plan(std::chrono::milliseconds long_run) {
  Plan plan;
  plan.long_run = long_run;
  return plan;
}

Plan quick_plan() {
  using namespace std::chrono_literals;
  return {.in_a_row = 5,
          .switches = 6,
          .stress_rounds = 6,
          .stress_pause = 200ms,
          .long_run = 20s,
          .cancels = 4,
          .sample_interval = 250ms,
          .answer_tokens = 48,
          .quick = true};
}

}  // namespace plimsoll::prove
