// Ollama's answers: one object, or a stream of them, a line each.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "server/answer_format.h"

namespace plimsoll::server {

enum class OllamaRoute { chat, generate };

std::unique_ptr<AnswerFormat> ollama_format(OllamaRoute route, std::string model);

/// What a question without a prompt is answered with; `reason`: "load" or "unload".
Json ollama_done(OllamaRoute route, const std::string& model, const std::string& reason);

/// "2026-01-31T12:00:00Z"
std::string timestamp(std::int64_t seconds_since_1970);

}  // namespace plimsoll::server
