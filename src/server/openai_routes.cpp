#include "server/openai_routes.h"

#include <utility>

#include "server/openai_answer.h"
#include "server/openai_request.h"
#include "server/questions.h"

namespace plimsoll::server {

namespace {

constexpr std::string_view kModels = "/v1/models/";

ApiExpected<Question> read_question(Context& context, Exchange& exchange) {
  auto body = read_json(exchange, context.bodies);
  if (!body) return tl::unexpected(body.error());
  auto question = read_openai_question(std::move(*body), context.fetcher);
  if (!question) return question;
  const auto known = check_model(context, question->model);
  if (!known) return tl::unexpected(known.error());
  return question;
}

void complete_chat(Context& context, Exchange& exchange) {
  auto question = read_question(context, exchange);
  if (!question) return answer_error(exchange, question.error());
  std::shared_ptr<AnswerFormat> format = openai_format(context.model.name, question->include_usage);
  answer_question(context, exchange, std::move(*question), std::move(format));
}

Json model_object(const ServedModel& model) {
  return {{"id", model.name}, {"object", "model"}, {"created", model.modified}, {"owned_by", "plimsoll"}};
}

void show_model(const Context& context, Exchange& exchange) {
  const auto known = check_model(context, std::string_view(exchange.request.path).substr(kModels.size()));
  if (!known) return answer_error(exchange, known.error());
  answer_json(exchange, model_object(context.model));
}

}  // namespace

void add_openai_routes(Router& router, Context& context) {
  router.add("POST", "/v1/chat/completions", [&](Exchange& exchange) { complete_chat(context, exchange); });
  router.add("GET", "/v1/models", [&](Exchange& exchange) {
    answer_json(exchange, {{"object", "list"}, {"data", Json::array({model_object(context.model)})}});
  });
  router.add("GET", "/v1/models/*", [&](Exchange& exchange) { show_model(context, exchange); });
}

}  // namespace plimsoll::server
