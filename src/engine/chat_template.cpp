#include "engine/chat_template.h"

namespace plimsoll::engine {

namespace {

// Returns the length that the text needs, negative when llama.cpp does not know the template.
int render(const char* text_template, const std::vector<llama_chat_message>& messages, std::string& out) {
  int length = llama_chat_apply_template(text_template, messages.data(), messages.size(), true, out.data(),
                                         static_cast<int>(out.size()));
  if (length > static_cast<int>(out.size())) {
    out.resize(static_cast<std::size_t>(length));
    length =
        llama_chat_apply_template(text_template, messages.data(), messages.size(), true, out.data(), length);
  }
  if (length >= 0) out.resize(static_cast<std::size_t>(length));
  return length;
}

}  // namespace

Expected<std::string> apply_chat_template(const llama_model* model,
                                          const std::vector<ChatMessage>& messages) {
  std::vector<llama_chat_message> views;
  views.reserve(messages.size());
  for (const ChatMessage& m : messages) views.push_back({m.role.c_str(), m.content.c_str()});

  std::string text;
  const char* own = llama_model_chat_template(model, nullptr);
  if (own != nullptr && render(own, views, text) >= 0) return text;
  if (render("chatml", views, text) >= 0) return text;
  return fail(ErrorCode::engine, "the conversation could not be put into the model's chat template");
}

}  // namespace plimsoll::engine
