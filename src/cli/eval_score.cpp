#include "cli/eval_score.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>

namespace plimsoll::cli {

namespace {

std::string_view without_spaces_around(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

std::string table_line(const std::string& task, std::size_t width, const Score& score) {
  return fmt::format("{:<{}}  {:>5.1f}%  {:>5} of {}\n", task, width, 100 * score.share(), score.right,
                     score.asked);
}

}  // namespace

void EvalScore::add(const std::string& task, bool right) {
  auto found =
      std::find_if(tasks_.begin(), tasks_.end(), [&](const auto& each) { return each.first == task; });
  if (found == tasks_.end()) found = tasks_.insert(tasks_.end(), {task, {}});
  for (Score* score : {&found->second, &all_}) {
    score->right += right ? 1 : 0;
    ++score->asked;
  }
}

bool is_right(const std::string& answer, const std::string& expected) {
  return without_spaces_around(answer) == without_spaces_around(expected);
}

std::string score_table(const EvalScore& score) {
  std::size_t width = 3;
  for (const auto& [task, _] : score.tasks()) width = std::max(width, task.size());
  std::string table;
  for (const auto& [task, each] : score.tasks()) table += table_line(task, width, each);
  if (score.tasks().size() != 1) table += table_line("all", width, score.all());
  return table;
}

std::string score_progress(const EvalScore& score, int questions, int asked_now, double seconds) {
  std::string text =
      fmt::format("{} of {}, {:.1f}% right", score.all().asked, questions, 100 * score.all().share());
  if (asked_now > 0) {
    const auto left = static_cast<long>(seconds / asked_now * (questions - score.all().asked) + 0.5);
    text += fmt::format(", {}:{:02} left", left / 60, left % 60);
  }
  return text;
}

}  // namespace plimsoll::cli
