// Bodies of POST /api/chat and /api/generate. Each is read as both.
#include "server/ollama_request.h"

#include "server/json_text.h"
#include "tests/fuzz/question_check.h"

using namespace plimsoll;

namespace {

void check(const server::ApiExpected<server::OllamaRequest>& request) {
  if (!request) return fuzz::expect_refusal(request.error());
  if (request->question) fuzz::expect_question(*request->question);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto body = server::parse_json(fuzz::text_of(data, size));
  if (!body) return fuzz::expect_refusal(body.error()), 0;
  check(server::read_ollama_chat(*body));
  check(server::read_ollama_generate(*body));
  return 0;
}
