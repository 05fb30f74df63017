// Questions whose answers are known, as bodies of the APIs that the server speaks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "tests/unit/server/raw_client.h"

namespace plimsoll::bench {

struct LoadQuestion {
  std::string path;  // of the route
  std::string body;
  std::string answer;  // empty: whatever is said first is right from then on
};

/// Every line of FOLDER/examples.jsonl in OpenAI's words and in Ollama's, streamed and not, and some without
/// a picture. Empty where there are none.
std::vector<LoadQuestion> questions_of(const std::filesystem::path& folder);

/// The text of a whole answer, streamed or not; empty where it is none or has an error in it.
std::string answer_in(const test::Reply& reply);

}  // namespace plimsoll::bench
