// Bodies of POST /v1/chat/completions.
#include "server/openai_request.h"

#include "server/json_text.h"
#include "tests/fuzz/question_check.h"

using namespace plimsoll;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  auto body = server::parse_json(fuzz::text_of(data, size));
  if (!body) return fuzz::expect_refusal(body.error()), 0;
  const auto question = server::read_openai_question(std::move(*body), nullptr);
  question ? fuzz::expect_question(*question) : fuzz::expect_refusal(question.error());
  return 0;
}
