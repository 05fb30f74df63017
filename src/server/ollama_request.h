// The bodies of Ollama's POST /api/chat and /api/generate to questions. Pure, thread-safe.
#pragma once

#include <optional>

#include "server/question.h"

namespace plimsoll::server {

struct OllamaRequest {
  // Empty: there is none, and the model is to be loaded or unloaded.
  std::optional<Question> question{};
  std::string model{};
  bool unload = false;
};

/// `body` is taken apart.
ApiExpected<OllamaRequest> read_ollama_chat(Json body);
ApiExpected<OllamaRequest> read_ollama_generate(Json body);

}  // namespace plimsoll::server
