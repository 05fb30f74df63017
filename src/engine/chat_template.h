// Turns of a conversation -> the one text that the model was trained to continue.
#pragma once

#include <string>
#include <vector>

#include "llama.h"
#include "plimsoll/error.h"

namespace plimsoll::engine {

struct ChatMessage {
  std::string role;  // "system", "user", "assistant"
  std::string content;
};

/// Uses the template in the model's file where llama.cpp knows it, else ChatML. The text ends where the
/// assistant's answer begins.
Expected<std::string> apply_chat_template(const llama_model* model, const std::vector<ChatMessage>& messages);

}  // namespace plimsoll::engine
