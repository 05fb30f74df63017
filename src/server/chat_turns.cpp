#include "server/chat_turns.h"

#include <utility>

namespace plimsoll::server {

namespace {

Turn turn_of(Message message, Question& question) {
  Turn turn{.prompt = std::move(message.text), .images = std::move(message.images)};
  if (message.video) {
    turn.video = VideoSource{message.video->path()};
    question.videos.push_back(std::move(*message.video));
    question.video_param = std::move(message.video_param);
  }
  return turn;
}

void add_system_prompt(std::string text, Question& question) {
  auto& prompt = question.request.system_prompt;
  prompt = prompt ? *prompt + "\n\n" + text : std::move(text);
}

}  // namespace

ApiExpected<void> add_turns(std::vector<Message> messages, Question& question) {
  std::vector<Turn>& turns = question.request.turns;
  bool users_turn = true;
  for (std::size_t i = 0; i < messages.size(); ++i) {
    const std::string role_param = "messages[" + std::to_string(i) + "].role";
    Message& message = messages[i];
    if (message.role == Role::system) {
      if (!turns.empty()) return refuse(role_param, "system messages must come before all others");
      add_system_prompt(std::move(message.text), question);
      continue;
    }
    if ((message.role == Role::user) != users_turn) {
      return refuse(role_param, users_turn ? "an assistant message must follow a user message"
                                           : "user and assistant messages must take turns; join these two");
    }
    if (users_turn) {
      turns.push_back(turn_of(std::move(message), question));
    } else {
      turns.back().answer = std::move(message.text);
    }
    users_turn = !users_turn;
  }
  if (turns.empty()) return refuse("messages", "messages must hold at least one user message");
  if (users_turn) return refuse("messages", "the last message must be the user's");
  return {};
}

}  // namespace plimsoll::server
