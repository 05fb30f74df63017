#include "server/questions.h"

#include <utility>

#include "server/answer_course.h"

namespace plimsoll::server {

namespace {

void refuse_in(const AnswerFormat& format, Exchange& exchange, const ApiError& error) {
  set_error_headers(exchange, error);
  answer_json(exchange, format.error(error), error.status);
}

void answer_whole(const AnswerFormat& format, Exchange& exchange, AnswerCourse& course) {
  if (!course.wait_for_outcome()) return;
  if (const auto error = course.failure()) return refuse_in(format, exchange, *error);
  answer_json(exchange, format.whole(**course.outcome()));
}

void answer_stream(const AnswerFormat& format, Exchange& exchange, std::shared_ptr<AnswerCourse> course) {
  if (!course->wait_for_sign()) return;
  if (const auto error = course->failure()) return refuse_in(format, exchange, *error);
  exchange.response.set_header("Cache-Control", "no-store");
  exchange.response.set_chunked_content_provider(
      format.stream_type(),
      [course = std::move(course)](std::size_t, httplib::DataSink& sink) { return course->stream(sink); });
}

void answer_work(Context& context, Exchange& exchange, Work work, bool stream, const std::string& video_param,
                 const std::shared_ptr<AnswerFormat>& format) {
  work.client = exchange.connection.address();
  auto ticket = context.desk.submit(std::move(work));
  if (!ticket) return refuse_in(*format, exchange, ticket.error());
  auto course = std::make_shared<AnswerCourse>(context.desk, std::move(*ticket), exchange.connection, format,
                                               video_param);
  if (stream) return answer_stream(*format, exchange, std::move(course));
  answer_whole(*format, exchange, *course);
}

}  // namespace

void answer_question(Context& context, Exchange& exchange, Question question,
                     std::shared_ptr<AnswerFormat> format) {
  if (!question.request.system_prompt) question.request.system_prompt = context.options.system_prompt;
  Work work{.client = {}, .question = std::move(question.request), .files = std::move(question.videos)};
  answer_work(context, exchange, std::move(work), question.stream, question.video_param, format);
}

void answer_load(Context& context, Exchange& exchange, std::shared_ptr<AnswerFormat> format) {
  answer_work(context, exchange, {}, false, {}, format);
}

ApiExpected<void> check_model(const Context& context, std::string_view asked) {
  if (context.model.answers_to(asked)) return {};
  return tl::unexpected(not_found(
      "the model \"" + quoted_line(asked) + "\" is not served here; ask for \"" + context.model.name + "\"",
      "model_not_found"));
}

}  // namespace plimsoll::server
