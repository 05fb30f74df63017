// Questions whose right answers are known: the bundled model's examples.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "plimsoll/error.h"

namespace plimsoll::bench {

struct KnownQuestion {
  std::filesystem::path picture;
  std::string question;
  std::string answer;  // the one that the model gives greedily
};

/// Fails with `io` where there are none.
Expected<std::vector<KnownQuestion>> read_known_questions(const std::filesystem::path& examples);

}  // namespace plimsoll::bench
