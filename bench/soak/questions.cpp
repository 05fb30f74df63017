#include "bench/soak/questions.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace plimsoll::bench {

Expected<std::vector<KnownQuestion>> read_known_questions(const std::filesystem::path& examples) {
  std::ifstream rows(examples / "examples.jsonl");
  std::vector<KnownQuestion> questions;
  for (std::string line; std::getline(rows, line);) {
    const auto row = nlohmann::json::parse(line);
    questions.push_back(
        {examples / row.at("image").get<std::string>(), row.at("question"), row.at("answer")});
  }
  if (questions.empty()) return fail(ErrorCode::io, "no questions in " + examples.string());
  return questions;
}

}  // namespace plimsoll::bench
