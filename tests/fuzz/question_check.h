// What holds for every question that is read from a body, and every refusal of one.
#pragma once

#include "server/question.h"
#include "tests/fuzz/expect.h"

namespace plimsoll::fuzz {

inline void expect_refusal(const server::ApiError& error) {
  expect(error.status >= 400 && error.status < 500, "a status that blames the client", error.message);
  expect(!error.code.empty(), "a code", error.message);
  expect_sentence(error.message);
  const server::Json told = server::Json::parse(server::to_text(server::openai_error(error)));
  expect(told["error"]["message"].is_string(), "an error of OpenAI's shape");
}

inline void expect_question(const server::Question& question) {
  const GenerationRequest& request = question.request;
  expect(!request.turns.empty(), "a turn");
  expect(!request.max_tokens || *request.max_tokens >= 1, "at least one token");
  expect(!request.temperature || (*request.temperature >= 0 && *request.temperature <= 2), "a temperature");
  expect(!request.top_p || (*request.top_p > 0 && *request.top_p <= 1), "a top_p");
  for (const Turn& turn : request.turns) {
    for (const ImageSource& image : turn.images) {
      const auto* bytes = std::get_if<std::string>(&image.content);
      expect(bytes != nullptr && !bytes->empty(), "a picture's bytes, and never a file's name");
    }
  }
}

}  // namespace plimsoll::fuzz
