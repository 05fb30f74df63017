#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <utility>

#include "plimsoll/size.h"
#include "prove/check_list.h"
#include "prove/comparison.h"
#include "prove/html_style.h"
#include "prove/plots.h"
#include "prove/report.h"
#include "prove/svg_plot.h"

namespace plimsoll::prove {

namespace {

struct Verdict {
  std::string_view style;
  std::string word;
  std::string sentence;
};

Verdict verdict_of(const std::vector<Trial>& trials) {
  const Trial& trial = trial_to_prove(trials);
  const auto checks = check_list(trial);
  const auto failed = std::count_if(checks.begin(), checks.end(), [](const Check& c) { return !c.passed; });
  const bool interrupted =
      std::any_of(trials.begin(), trials.end(), [](const Trial& each) { return each.interrupted; });
  if (interrupted) return {"open", "INTERRUPTED", "What was measured so far is below; it proves nothing."};
  if (!trial.failure.empty()) return {"fail", "FAIL", "It could not be run: " + trial.failure};
  if (failed > 0)
    return {"fail", "FAIL", fmt::format("{} of {} points did not pass.", failed, checks.size())};
  if (!all_pass(trials))
    return {"fail", "FAIL", "A row of the comparison is not better, or a part is missing."};
  return {"pass", "PASS",
          trials.size() > 1 ? "Every point passed, and every row of the document is better."
                            : "Every point of the check-list passed."};
}

std::string fact(std::string_view name, std::string_view value) {
  return fmt::format("<dt>{}</dt><dd>{}</dd>\n", escaped(name), escaped(value));
}

std::string facts(const std::vector<Trial>& trials, const Circumstances& c) {
  const Trial& trial = trial_to_prove(trials);
  std::string text = "<dl class=\"facts\">\n";
  if (trial.setting) {
    const MemoryConfiguration& config = trial.setting->configuration;
    text += fact("Model", trial.setting->model);
    text += fact("Device",
                 fmt::format("{}, class “{}” of strategy {}", format_size(trial.setting->device_memory_bytes),
                             to_string(config.tier), to_string(config.strategy)));
  }
  text += fact("Ran", trial.place);
  text += fact("Machine", c.machine);
  text += fact("Command", c.command);
  return text + fact("When", c.date) + "</dl>\n";
}

std::string pill(bool passed) {
  return passed ? "<span class=\"pill pass\">✓ PASS</span>" : "<span class=\"pill fail\">✗ FAIL</span>";
}

std::string check_table(const Trial& trial) {
  std::string rows;
  for (const Check& check : check_list(trial)) {
    const std::string note =
        check.note.empty() ? "" : fmt::format("<span class=\"note\">{}</span>", escaped(check.note));
    rows += fmt::format(
        "<tr><td class=\"number\">{}</td><td>{}{}</td><td "
        "class=\"strong\">{}</td><td>{}</td><td>{}</td></tr>\n",
        check.number, escaped(check.what), note, escaped(check.figure), escaped(check.bound),
        pill(check.passed));
  }
  return "<div class=\"scroll\"><table><thead><tr><th></th><th>Point</th><th>Measured</th><th>Bound</th>"
         "<th>Result</th></tr></thead><tbody>\n" +
         rows + "</tbody></table></div>\n";
}

std::string change_text(const ComparedRow& row) {
  if (!row.better_percent) return row.better ? "<span class=\"gain\">better</span>" : "";
  return fmt::format("<span class=\"{}\">{:+.0f}%</span>", *row.better_percent > 0 ? "gain" : "loss",
                     *row.better_percent);
}

std::string comparison_row(const ComparedRow& row, std::size_t why_number) {
  std::string text = fmt::format("<tr{}><td>{}{}{}</td>", row.documented ? "" : " class=\"ours\"",
                                 escaped(row.what), row.unit.empty() ? "" : ", " + escaped(row.unit),
                                 why_number > 0 ? fmt::format("<sup>{}</sup>", why_number) : "");
  text += fmt::format("<td class=\"figure\">{}</td><td class=\"figure\">{}</td>", escaped(row.expected_old),
                      escaped(row.expected_new));
  for (const std::string& measured : row.measured) {
    text += fmt::format("<td class=\"figure strong\">{}</td>", escaped(measured));
  }
  return text + fmt::format("<td class=\"figure\">{}</td></tr>\n", change_text(row));
}

std::string comparison_section(const std::vector<Trial>& trials) {
  if (trials.size() < 2) return {};
  std::string head =
      "<th>Row</th><th class=\"figure\">expected, old</th><th class=\"figure\">expected, new</th>";
  for (const Trial& trial : trials) {
    head += fmt::format("<th class=\"figure\">{}</th>", to_string(trial.strategy));
  }
  head += "<th class=\"figure\">tiered over legacy</th>";
  std::string rows, whys;
  std::size_t count = 0;
  for (const ComparedRow& row : compare(trials)) {
    rows += comparison_row(row, row.why.empty() ? 0 : ++count);
    if (!row.why.empty()) whys += fmt::format("<li>{}</li>\n", escaped(row.why));
  }
  return "<h2>The old strategy and the new one</h2>\n<p class=\"soft\">What the document expects on a phone "
         "with "
         "4 GB, beside what was measured here. Each strategy ran the same plan in a process and a cgroup of "
         "its "
         "own. A positive percentage is a gain. The rows in a softer tone are not the document's.</p>\n"
         "<div class=\"scroll\"><table class=\"compared\"><thead><tr>" +
         head + "</tr></thead><tbody>\n" + rows + "</tbody></table></div>\n<h3>Why figures differ</h3>\n" +
         "<ol class=\"whys\">\n" + whys + "</ol>\n";
}

std::string other_lists(const std::vector<Trial>& trials) {
  std::string text;
  for (const Trial& trial : trials) {
    if (&trial == &trial_to_prove(trials)) continue;
    text += fmt::format("<h3>{}</h3>\n", to_string(trial.strategy)) + check_table(trial);
  }
  return text.empty() ? text : "<h2>The same list for the other strategies</h2>\n" + text;
}

std::string plan_sentence(const Plan& plan) {
  std::string text = fmt::format(
      "First load; {} answers in a row about one picture; {} switches between pictures; {} stress rounds {} "
      "apart "
      "with memory after each; a long run of {}; {} cancels, with every call that must not block timed.",
      plan.in_a_row, plan.switches, plan.stress_rounds, length_text(plan.stress_pause),
      length_text(plan.long_run), plan.cancels);
  if (plan.quick) text += " This was --quick: every part is shorter than the document asks for.";
  return text;
}

std::string plots(const std::vector<Trial>& trials) {
  std::string text = "<h2>Over time</h2>\n";
  for (const Trial& trial : trials) text += memory_figure(trial);
  text += response_figure(trials) + speed_figure(trials);
  for (const Trial& trial : trials) text += reclaim_figure(trial);
  return text;
}

}  // namespace

const Trial& trial_to_prove(const std::vector<Trial>& trials) {
  const auto tiered = std::find_if(trials.begin(), trials.end(),
                                   [](const Trial& trial) { return trial.strategy == Strategy::tiered; });
  return tiered == trials.end() ? trials.front() : *tiered;
}

bool all_pass(const std::vector<Trial>& trials) {
  if (!is_proof(trial_to_prove(trials))) return false;
  if (trials.size() == 1) return true;
  const bool all_ran = std::all_of(trials.begin(), trials.end(),
                                   [](const Trial& trial) { return trial.complete && !trial.interrupted; });
  return all_ran && tiered_wins(compare(trials));
}

std::string html_report(const std::vector<Trial>& trials, const Circumstances& circumstances) {
  const Verdict verdict = verdict_of(trials);
  const Trial& trial = trial_to_prove(trials);
  std::string html =
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<title>Plimsoll: proof on this machine</title>\n<style>" +
      std::string(html_style()) +
      "</style>\n</head>\n<body>\n<main>\n<h1>Does this device carry the model?</h1>\n";
  html += fmt::format("<p class=\"soft\">{}</p>\n", escaped(plan_sentence(trial.plan)));
  html += fmt::format("<div class=\"verdict {}\"><strong>{}</strong><span>{}</span></div>\n", verdict.style,
                      verdict.word, escaped(verdict.sentence));
  html += facts(trials, circumstances);
  html += "<h2>The check-list</h2>\n" + check_table(trial);
  html += comparison_section(trials) + plots(trials) + other_lists(trials);
  return html + fmt::format(
                    "<footer>{}, plimsoll prove. The figures are this machine's.</footer>\n</main>\n</body>\n"
                    "</html>\n",
                    escaped(circumstances.program));
}

}  // namespace plimsoll::prove
