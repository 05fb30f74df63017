#include <spdlog/fmt/fmt.h>

#include <algorithm>

#include "prove/check_list.h"
#include "prove/comparison.h"
#include "prove/report.h"

namespace plimsoll::prove {

namespace {

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

// As many columns as asked for; fmt counts some characters as two.
std::string padded(const std::string& text, std::size_t width, bool right = false) {
  const auto length = static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins_character));
  const std::string space(width > length ? width - length : 0, ' ');
  return right ? space + text : text + space;
}

std::string list_text(const Trial& trial) {
  std::string text;
  for (const Check& check : check_list(trial)) {
    text += fmt::format("{:>3}  {}  {}{}{}\n", check.number, check.passed ? "PASS" : "FAIL",
                        padded(check.what, 30), padded(check.figure, 44), check.bound);
  }
  return text;
}

std::string comparison_text(const std::vector<Trial>& trials) {
  constexpr std::size_t kName = 56, kColumn = 14;
  std::string text =
      padded("", kName) + padded("expected, old", kColumn, true) + padded("expected, new", kColumn, true);
  for (const Trial& trial : trials) text += padded(std::string(to_string(trial.strategy)), kColumn, true);
  text += "   tiered over legacy\n";
  for (const ComparedRow& row : compare(trials)) {
    text += padded(row.what + (row.unit.empty() ? "" : ", " + row.unit), kName) +
            padded(row.expected_old, kColumn, true) + padded(row.expected_new, kColumn, true);
    for (const std::string& measured : row.measured) text += padded(measured, kColumn, true);
    text += row.better_percent ? fmt::format("   {:+.0f}%", *row.better_percent)
            : row.better       ? "   better"
                               : "";
    text += "\n";
  }
  return text;
}

}  // namespace

std::string text_report(const std::vector<Trial>& trials) {
  const Trial& trial = trial_to_prove(trials);
  std::string text = fmt::format("{}, {}\n\n", to_string(trial.strategy), trial.place) + list_text(trial);
  if (trials.size() > 1) text += "\n" + comparison_text(trials);
  for (const Trial& each : trials) {
    if (!each.failure.empty()) text += fmt::format("\n{}: {}\n", to_string(each.strategy), each.failure);
  }
  const bool interrupted =
      std::any_of(trials.begin(), trials.end(), [](const Trial& each) { return each.interrupted; });
  const char* const verdict = interrupted        ? "interrupted: what was measured so far proves nothing"
                              : all_pass(trials) ? "PASS"
                                                 : "FAIL";
  text += fmt::format("\n{}{}\n", verdict,
                      trial.plan.quick ? " (--quick: every part shorter than asked for)" : "");
  return text;
}

}  // namespace plimsoll::prove
