#include "server/ollama_routes.h"

#include <utility>

#include "server/fields.h"
#include "server/ollama_answer.h"
#include "server/ollama_request.h"
#include "server/questions.h"

namespace plimsoll::server {

namespace {

// As Ollama's clients write names.
std::string tagged(const ServedModel& model) {
  return model.name.find(':') == std::string::npos ? model.name + ":latest" : model.name;
}

Json details_of(const Context& context) {
  const Json memory = context.service.memory(~std::uint64_t{0});
  return {{"format", "gguf"},
          {"family", context.model.name},
          {"parent_model", ""},
          {"parameter_size", memory.contains("model_info") ? memory["model_info"] : Json("")}};
}

Json listed_model(const Context& context) {
  const ServedModel& model = context.model;
  return {{"name", tagged(model)},    {"model", tagged(model)}, {"modified_at", timestamp(model.modified)},
          {"size", model.file_bytes}, {"digest", model.digest}, {"details", details_of(context)}};
}

void show_running(const Context& context, Exchange& exchange) {
  const Json memory = context.service.memory(~std::uint64_t{0});
  Json models = Json::array();
  if (memory.value("load_state", "") == "loaded") models.push_back(listed_model(context));
  answer_json(exchange, {{"models", std::move(models)}});
}

void show_model(Context& context, Exchange& exchange) {
  const auto body = read_json(exchange, context.bodies);
  if (!body) return answer_error(exchange, body.error());
  if (!body->is_object()) return answer_error(exchange, bad_value({}, "the body must be a JSON object"));
  for (const char* field : {"model", "name"}) {
    const auto name = Fields(*body).text(field);
    if (!name) return answer_error(exchange, name.error());
    const auto known = check_model(context, name->value_or(""));
    if (!known) return answer_error(exchange, known.error());
  }
  Json capabilities = Json::array({"completion"});
  if (context.model.sees) capabilities.push_back("vision");
  answer_json(exchange, {{"details", details_of(context)},
                         {"model_info", {{"general.name", context.model.name}}},
                         {"capabilities", std::move(capabilities)},
                         {"modified_at", timestamp(context.model.modified)}});
}

using Read = ApiExpected<OllamaRequest> (*)(Json body);

ApiExpected<OllamaRequest> read_request(Context& context, Exchange& exchange, Read read) {
  auto body = read_json(exchange, context.bodies);
  if (!body) return tl::unexpected(body.error());
  auto request = read(std::move(*body));
  if (!request) return request;
  const auto known = check_model(context, request->model);
  if (!known) return tl::unexpected(known.error());
  return request;
}

void answer(Context& context, Exchange& exchange, OllamaRoute route, Read read) {
  auto request = read_request(context, exchange, read);
  if (!request) return answer_error(exchange, request.error());
  const std::string name = request->model.empty() ? context.model.name : request->model;
  std::shared_ptr<AnswerFormat> format = ollama_format(route, name);
  if (request->question) return answer_question(context, exchange, std::move(*request->question), format);
  if (!request->unload) return answer_load(context, exchange, format);
  context.service.unload();
  answer_json(exchange, ollama_done(route, name, "unload"));
}

}  // namespace

void add_ollama_routes(Router& router, Context& context) {
  router.add("POST", "/api/chat",
             [&](Exchange& exchange) { answer(context, exchange, OllamaRoute::chat, &read_ollama_chat); });
  router.add("POST", "/api/generate", [&](Exchange& exchange) {
    answer(context, exchange, OllamaRoute::generate, &read_ollama_generate);
  });
  router.add("GET", "/api/tags", [&](Exchange& exchange) {
    answer_json(exchange, {{"models", Json::array({listed_model(context)})}});
  });
  router.add("GET", "/api/ps", [&](Exchange& exchange) { show_running(context, exchange); });
  router.add("POST", "/api/show", [&](Exchange& exchange) { show_model(context, exchange); });
  router.add("GET", "/api/version",
             [&](Exchange& exchange) { answer_json(exchange, {{"version", context.options.version}}); });
}

}  // namespace plimsoll::server
