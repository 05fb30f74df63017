#include "server/openai_request.h"

#include <utility>

#include "server/chat_turns.h"
#include "server/fields.h"
#include "server/response_format.h"

namespace plimsoll::server {

namespace {

ApiExpected<Role> role_of(const Fields& fields) {
  const auto role = fields.text("role");
  if (!role) return tl::unexpected(role.error());
  const std::string name = role->value_or("");
  if (name == "system" || name == "developer") return Role::system;
  if (name == "user") return Role::user;
  if (name == "assistant") return Role::assistant;
  return refuse(fields.path_of("role"),
                fields.path_of("role") + " must be \"system\", \"developer\", \"user\" or \"assistant\"");
}

// Of {"url": "..."}, or the address alone as some clients send it. Taken out of the tree: it may be
// megabytes.
ApiExpected<std::string> take_url(Json& part, const std::string& kind, const std::string& param) {
  const auto found = part.find(kind);
  if (found != part.end() && found->is_object()) {
    const auto url = found->find("url");
    if (url != found->end() && url->is_string()) return std::move(url->get_ref<std::string&>());
  }
  if (found != part.end() && found->is_string()) return std::move(found->get_ref<std::string&>());
  return refuse(param, param + " must be {\"url\": \"data:...\"}",
                kind == "image_url" ? "invalid_image" : "invalid_video");
}

ApiExpected<void> add_picture(Json& part, const std::string& path, PictureFetcher* fetcher,
                              Message& message) {
  const std::string param = path + ".image_url";
  const auto url = take_url(part, "image_url", param);
  if (!url) return tl::unexpected(url.error());
  auto picture = picture_from_url(*url, param, fetcher);
  if (!picture) return tl::unexpected(picture.error());
  message.images.push_back(std::move(*picture));
  return {};
}

ApiExpected<void> add_video(Json& part, const std::string& path, Message& message) {
  message.video_param = path + ".video_url";
  if (message.video) return refuse(message.video_param, "a question can be about one video only");
  const auto url = take_url(part, "video_url", message.video_param);
  if (!url) return tl::unexpected(url.error());
  auto video = video_from_url(*url, message.video_param);
  if (!video) return tl::unexpected(video.error());
  message.video = std::move(*video);
  return {};
}

ApiExpected<void> add_part(Json& part, const std::string& path, PictureFetcher* fetcher, Message& message) {
  if (!part.is_object()) return refuse(path, path + " must be an object with a type");
  const Fields fields(part, path);
  const auto type = fields.text("type");
  if (!type) return tl::unexpected(type.error());
  if (*type == "text") {
    const auto text = fields.text("text");
    if (!text) return tl::unexpected(text.error());
    if (!*text) return refuse(path + ".text", path + ".text must be a string");
    message.text += (message.text.empty() ? "" : "\n") + **text;
    return {};
  }
  const bool users = message.role == Role::user;
  if (users && *type == "image_url") return add_picture(part, path, fetcher, message);
  if (users && *type == "video_url") return add_video(part, path, message);
  return refuse(path + ".type", path + ".type must be \"text\"" +
                                    (users ? ", \"image_url\" or \"video_url\"" : " in this role"));
}

ApiExpected<Message> read_message(Json& json, const std::string& path, PictureFetcher* fetcher) {
  if (!json.is_object()) return refuse(path, path + " must be an object with role and content");
  const auto role = role_of(Fields(json, path));
  if (!role) return tl::unexpected(role.error());
  Message message{.role = *role};
  const std::string content_path = path + ".content";
  const auto content = json.find("content");
  if (content != json.end() && content->is_string()) {
    message.text = std::move(content->get_ref<std::string&>());
  } else if (content != json.end() && content->is_array() && !content->empty()) {
    for (std::size_t i = 0; i < content->size(); ++i) {
      auto added = add_part((*content)[i], content_path + "[" + std::to_string(i) + "]", fetcher, message);
      if (!added) return tl::unexpected(added.error());
    }
  } else {
    return refuse(content_path, content_path + " must be a string or a list of parts");
  }
  if (message.video && !message.images.empty()) {
    return refuse(content_path, "a question can be about pictures or about a video, not both");
  }
  return message;
}

ApiExpected<std::vector<Message>> read_messages(Json& body, PictureFetcher* fetcher) {
  const auto found = body.find("messages");
  if (found == body.end() || !found->is_array() || found->empty()) {
    return refuse("messages", "messages must be a list of at least one message");
  }
  std::vector<Message> messages;
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto message = read_message((*found)[i], "messages[" + std::to_string(i) + "]", fetcher);
    if (!message) return tl::unexpected(message.error());
    messages.push_back(std::move(*message));
  }
  return messages;
}

ApiExpected<void> read_stream(const Json& body, const Fields& fields, Question& question) {
  const auto stream = fields.flag("stream", false);
  if (!stream) return tl::unexpected(stream.error());
  question.stream = *stream;
  const Json* options = fields.find("stream_options");
  if (options == nullptr) return {};
  if (!body.at("stream_options").is_object()) {
    return refuse("stream_options", "stream_options must be an object");
  }
  const auto usage = Fields(*options, "stream_options").flag("include_usage", false);
  if (!usage) return tl::unexpected(usage.error());
  question.include_usage = *usage;
  return {};
}

ApiExpected<void> read_limits(const Fields& fields, Question& question) {
  for (const char* name : {"max_tokens", "max_completion_tokens"}) {
    const auto count = fields.count(name);
    if (!count) return tl::unexpected(count.error());
    if (*count) question.request.max_tokens = *count;
  }
  const auto choices = fields.count("n");
  if (!choices) return tl::unexpected(choices.error());
  if (choices->value_or(1) != 1) return refuse("n", "n can only be 1: there is one answer at a time");
  return {};
}

}  // namespace

ApiExpected<Question> read_openai_question(Json body, PictureFetcher* fetcher) {
  if (!body.is_object()) return refuse({}, "the body must be a JSON object", "invalid_json");
  const Fields fields(body);
  Question question;
  auto model = fields.text("model");
  if (!model) return tl::unexpected(model.error());
  question.model = model->value_or("");
  for (const auto& read : {read_stream(body, fields, question), read_limits(fields, question),
                           read_sampling(fields, question.request)}) {
    if (!read) return tl::unexpected(read.error());
  }
  auto grammar = grammar_of_response_format(fields);
  if (!grammar) return tl::unexpected(grammar.error());
  question.request.grammar = std::move(*grammar);
  auto messages = read_messages(body, fetcher);
  if (!messages) return tl::unexpected(messages.error());
  auto added = add_turns(std::move(*messages), question);
  if (!added) return tl::unexpected(added.error());
  return question;
}

}  // namespace plimsoll::server
