// Messages of a conversation, in order, to turns. Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "server/media_source.h"
#include "server/question.h"

namespace plimsoll::server {

enum class Role { system, user, assistant };

struct Message {
  Role role = Role::user;
  std::string text{};
  std::vector<ImageSource> images{};
  std::optional<TemporaryFile> video{};
  std::string video_param{};
};

/// Into `question`: its turns, its system prompt, its videos. Fails where the messages do not begin with a
/// user's, alternate, and end with a user's.
ApiExpected<void> add_turns(std::vector<Message> messages, Question& question);

}  // namespace plimsoll::server
