#include "server/ollama_request.h"

#include <utility>

#include "server/chat_turns.h"
#include "server/fields.h"
#include "server/media_source.h"
#include "server/response_format.h"

namespace plimsoll::server {

namespace {

// Ollama's words for "as many as there may be".
bool is_unlimited(const Json& count) { return count == -1 || count == -2; }

ApiExpected<void> read_options(const Fields& fields, Question& question) {
  const Json* options = fields.find("options");
  if (options == nullptr) return {};
  if (!options->is_object()) return refuse("options", "options must be an object");
  const Fields parts(*options, "options");
  const Json* limit = parts.find("num_predict");
  if (limit != nullptr && !is_unlimited(*limit)) {
    const auto count = parts.count("num_predict");
    if (!count) return tl::unexpected(count.error());
    question.request.max_tokens = *count;
  }
  return read_sampling(parts, question.request);
}

// What both routes have in common. `question` stays engaged.
ApiExpected<void> read_settings(const Json& body, OllamaRequest& request) {
  const Fields fields(body);
  Question& question = request.question.emplace();
  for (const char* name : {"name", "model"}) {
    auto model = fields.text(name);
    if (!model) return tl::unexpected(model.error());
    if (*model) request.model = **model;
  }
  const auto stream = fields.flag("stream", true);
  if (!stream) return tl::unexpected(stream.error());
  question.stream = *stream;
  const auto options = read_options(fields, question);
  if (!options) return options;
  auto grammar = grammar_of_format(fields);
  if (!grammar) return tl::unexpected(grammar.error());
  question.request.grammar = std::move(*grammar);
  const Json* keep_alive = fields.find("keep_alive");
  request.unload = keep_alive != nullptr && (*keep_alive == 0 || *keep_alive == "0" || *keep_alive == "0s");
  return {};
}

ApiExpected<std::vector<ImageSource>> take_images(Json& object, const std::string& path) {
  std::vector<ImageSource> images;
  const auto found = object.find("images");
  if (found == object.end() || found->is_null()) return images;
  const std::string param = path.empty() ? "images" : path + ".images";
  if (!found->is_array()) return refuse(param, param + " must be a list of base64 texts");
  for (std::size_t i = 0; i < found->size(); ++i) {
    Json& image = (*found)[i];
    const std::string name = param + "[" + std::to_string(i) + "]";
    if (!image.is_string()) return refuse(name, name + " must be base64 text", "invalid_image");
    const std::string text = std::move(image.get_ref<std::string&>());
    auto picture =
        text.starts_with("data:") ? picture_from_url(text, name, nullptr) : picture_from_base64(text, name);
    if (!picture) return tl::unexpected(picture.error());
    images.push_back(std::move(*picture));
  }
  return images;
}

ApiExpected<Message> read_message(Json& json, const std::string& path) {
  if (!json.is_object()) return refuse(path, path + " must be an object with role and content");
  const Fields fields(json, path);
  const auto role = fields.text("role");
  if (!role) return tl::unexpected(role.error());
  Message message;
  if (*role == "system") {
    message.role = Role::system;
  } else if (*role == "assistant") {
    message.role = Role::assistant;
  } else if (*role != "user") {
    return refuse(path + ".role", path + ".role must be \"system\", \"user\" or \"assistant\"");
  }
  auto text = fields.text("content");
  if (!text) return tl::unexpected(text.error());
  if (!*text) return refuse(path + ".content", path + ".content must be a string");
  message.text = std::move(**text);
  auto images = take_images(json, path);
  if (!images) return tl::unexpected(images.error());
  message.images = std::move(*images);
  return message;
}

ApiExpected<OllamaRequest> read_object(const Json& body) {
  if (!body.is_object()) return refuse({}, "the body must be a JSON object", "invalid_json");
  OllamaRequest request;
  auto settings = read_settings(body, request);
  if (!settings) return tl::unexpected(settings.error());
  return request;
}

}  // namespace

ApiExpected<OllamaRequest> read_ollama_chat(Json body) {
  auto request = read_object(body);
  if (!request) return request;
  const auto found = body.find("messages");
  if (found == body.end() || found->is_null() || (found->is_array() && found->empty())) {
    request->question.reset();
    return request;
  }
  if (!found->is_array()) return refuse("messages", "messages must be a list");
  std::vector<Message> messages;
  for (std::size_t i = 0; i < found->size(); ++i) {
    auto message = read_message((*found)[i], "messages[" + std::to_string(i) + "]");
    if (!message) return tl::unexpected(message.error());
    messages.push_back(std::move(*message));
  }
  const auto added = add_turns(std::move(messages), *request->question);
  if (!added) return tl::unexpected(added.error());
  return request;
}

ApiExpected<OllamaRequest> read_ollama_generate(Json body) {
  auto request = read_object(body);
  if (!request) return request;
  const Fields fields(body);
  auto prompt = fields.text("prompt");
  if (!prompt) return tl::unexpected(prompt.error());
  auto images = take_images(body, {});
  if (!images) return tl::unexpected(images.error());
  if (prompt->value_or("").empty() && images->empty()) {
    request->question.reset();
    return request;
  }
  auto system = fields.text("system");
  if (!system) return tl::unexpected(system.error());
  GenerationRequest& question = request->question->request;
  if (*system && !(*system)->empty()) question.system_prompt = std::move(**system);
  question.turns.push_back({.prompt = prompt->value_or(""), .images = std::move(*images)});
  return request;
}

}  // namespace plimsoll::server
