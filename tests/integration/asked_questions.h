// A file of questions, each asked of the bundled model.
#pragma once

#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {

struct Score {
  int right = 0;
  int asked = 0;
};

/// Prints those that were answered otherwise than the file says. The pictures lie in `folder`, as the file
/// does.
inline Score ask_all(Bench& bench, const std::filesystem::path& folder, const std::string& file) {
  std::ifstream rows(folder / file);
  Score score;
  for (std::string line; std::getline(rows, line); ++score.asked) {
    const auto row = nlohmann::json::parse(line);
    const std::string question = row["question"], expected = row["answer"], image = row["image"];
    auto result = bench->generate(ask(question, {{folder / image}}));
    EXPECT_TRUE(result) << image << ": " << result.error().message;
    if (!result) continue;
    if (result->answer == expected)
      ++score.right;
    else
      std::cout << image << ": " << question << "\n  expected: " << expected
                << "\n  answered: " << result->answer << "\n";
  }
  std::cout << score.right << " of " << score.asked << " right\n";
  return score;
}

}  // namespace plimsoll::test
