#include "cli/question_set.h"

#include <fstream>

#include "report/json.h"

namespace plimsoll::cli {

namespace {

using report::Json;

tl::unexpected<Error> complain(ErrorCode code, const std::filesystem::path& file, int line,
                               const std::string& what) {
  return tl::unexpected(Error{code, file.string() + ":" + std::to_string(line) + ": " + what});
}

std::string text_at(const Json& row, const char* name) {
  const auto field = row.find(name);
  return field != row.end() && field->is_string() ? field->get<std::string>() : std::string();
}

}  // namespace

Expected<std::vector<SetQuestion>> read_question_set(const std::filesystem::path& file) {
  std::ifstream rows(file);
  if (!rows)
    return tl::unexpected(
        Error{ErrorCode::not_found, file.string() + " can not be read; give a file with questions"});
  std::vector<SetQuestion> questions;
  int number = 0;
  for (std::string line; std::getline(rows, line);) {
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string::npos) continue;
    const Json row = Json::parse(line, nullptr, false);
    if (!row.is_object()) return complain(ErrorCode::invalid_argument, file, number, "not a JSON object");
    SetQuestion question{.image = {},
                         .question = text_at(row, "question"),
                         .answer = text_at(row, "answer"),
                         .task = text_at(row, "task")};
    if (question.question.empty() || question.answer.empty())
      return complain(ErrorCode::invalid_argument, file, number, "needs a \"question\" and an \"answer\"");
    if (question.task.empty()) question.task = "all";
    const std::string image = text_at(row, "image");
    if (!image.empty()) {
      question.image = file.parent_path() / image;
      std::error_code unreadable;
      if (!std::filesystem::is_regular_file(question.image, unreadable))
        return complain(ErrorCode::not_found, file, number, "no picture " + question.image.string());
    }
    questions.push_back(std::move(question));
  }
  if (questions.empty())
    return tl::unexpected(Error{ErrorCode::invalid_argument, file.string() + " has no questions"});
  return questions;
}

}  // namespace plimsoll::cli
