// A set of questions with their answers: one JSON object a line, with "image" (a path seen from the file's
// folder), "question", "answer" and, for a row of its own in the table, "task".
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plimsoll/error.h"

namespace plimsoll::cli {

struct SetQuestion {
  std::filesystem::path image;  // empty: a question without a picture
  std::string question;
  std::string answer;
  std::string task;  // "all" where the line names none
};

/// Every picture is looked for now, so that a long run does not end at a missing one. Fails with `io`,
/// `not_found`, or `invalid_argument` that names the line.
Expected<std::vector<SetQuestion>> read_question_set(const std::filesystem::path& file);

}  // namespace plimsoll::cli
