// How many answers of a set were right, for each task.
#pragma once

#include <string>
#include <utility>
#include <vector>

namespace plimsoll::cli {

struct Score {
  int right = 0;
  int asked = 0;

  /// From 0 to 1; 0 of nothing.
  double share() const { return asked == 0 ? 0 : static_cast<double>(right) / asked; }
};

class EvalScore {
 public:
  void add(const std::string& task, bool right);

  const Score& all() const { return all_; }
  /// In the order of their first question.
  const std::vector<std::pair<std::string, Score>>& tasks() const { return tasks_; }

 private:
  Score all_;
  std::vector<std::pair<std::string, Score>> tasks_;
};

/// Whether an answer is the expected one. Spaces around it do not count; everything else does.
bool is_right(const std::string& answer, const std::string& expected);

/// A line for each task, and one for all of them where there are several.
std::string score_table(const EvalScore& score);

/// "42 of 150, 97.6% right, 1:30 left"; `seconds` is what `asked_now` questions took.
std::string score_progress(const EvalScore& score, int questions, int asked_now, double seconds);

}  // namespace plimsoll::cli
