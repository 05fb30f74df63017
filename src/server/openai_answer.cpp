#include "server/openai_answer.h"

#include <ctime>
#include <random>
#include <utility>

#include "report/answer_json.h"
#include "report/plan_json.h"

namespace plimsoll::server {

namespace {

std::string new_id() {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::random_device source;
  std::string id = "chatcmpl-";
  for (int i = 0; i < 24; ++i) id += kDigits[source() % kDigits.size()];
  return id;
}

// What OpenAI's clients know: an answer that the memory cut is one that is cut.
std::string_view finish_reason_of(FinishReason reason) {
  return reason == FinishReason::length || reason == FinishReason::memory ? "length" : "stop";
}

Json usage_of(const GenerationResult& result) {
  return {{"prompt_tokens", result.prompt_tokens},
          {"completion_tokens", result.timing.tokens},
          {"total_tokens", result.prompt_tokens + result.timing.tokens},
          {"prompt_tokens_details", {{"cached_tokens", result.reused_tokens}}}};
}

std::string event_of(const Json& json) { return "data: " + to_text(json) + "\n\n"; }

class OpenAiFormat final : public AnswerFormat {
 public:
  OpenAiFormat(std::string model, bool stream_usage)
      : model_(std::move(model)), stream_usage_(stream_usage) {}

  Json whole(const Outcome& outcome) const override {
    const Answer& answer = *outcome.answer;
    Json object = head("chat.completion");
    object["choices"] = Json::array(
        {{{"index", 0},
          {"message", {{"role", "assistant"}, {"content", answer.result.answer}, {"refusal", nullptr}}},
          {"logprobs", nullptr},
          {"finish_reason", finish_reason_of(answer.result.finish_reason)}}});
    object["usage"] = usage_of(answer.result);
    object["plimsoll"] = figures_of(answer, outcome.queued);
    return object;
  }

  Json error(const ApiError& error) const override { return openai_error(error); }

  std::string stream_type() const override { return "text/event-stream"; }
  std::string begin() const override {
    return event_of(chunk({{"role", "assistant"}, {"content", ""}}, nullptr));
  }
  std::string piece(std::string_view text) const override {
    return event_of(chunk({{"content", text}}, nullptr));
  }
  std::string end(const Outcome& outcome) const override {
    const Answer& answer = *outcome.answer;
    Json last = chunk(Json::object(), finish_reason_of(answer.result.finish_reason));
    last["plimsoll"] = figures_of(answer, outcome.queued);
    std::string text = event_of(last);
    if (stream_usage_) {
      Json usage = head("chat.completion.chunk");
      usage["choices"] = Json::array();
      usage["usage"] = usage_of(answer.result);
      text += event_of(usage);
    }
    return text + "data: [DONE]\n\n";
  }
  std::string failure(const ApiError& error) const override { return event_of(openai_error(error)); }

  std::string sign_of_life(const Standing& standing) const override {
    Json state = {{"phase", to_string(standing.phase)}};
    if (standing.phase == Phase::loading || standing.phase == Phase::looking) {
      state["progress"] = standing.progress;
    }
    if (standing.phase == Phase::queued) state["position"] = standing.position;
    return ": " + to_text(state) + "\n\n";
  }

 private:
  Json head(std::string_view object) const {
    return {{"id", id_}, {"object", object}, {"created", created_}, {"model", model_}};
  }
  Json chunk(Json delta, const Json& finish_reason) const {
    Json object = head("chat.completion.chunk");
    object["choices"] = Json::array({{{"index", 0},
                                      {"delta", std::move(delta)},
                                      {"logprobs", nullptr},
                                      {"finish_reason", finish_reason}}});
    return object;
  }

  const std::string id_ = new_id();
  const std::int64_t created_ = std::time(nullptr);
  const std::string model_;
  const bool stream_usage_;
};

}  // namespace

Json figures_of(const Answer& answer, std::chrono::milliseconds queued) {
  const GenerationResult& result = answer.result;
  Json figures = {{"timing", report::timing_json(result.timing)},
                  {"image", report::image_json(result.image)},
                  {"video_frames", result.video_frames},
                  {"reused_tokens", result.reused_tokens},
                  {"concessions", report::concessions_json(result.concessions)},
                  {"memory", answer.memory},
                  {"queued_ms", queued.count()}};
  if (result.finish_reason == FinishReason::memory) figures["finish_reason"] = "memory";
  return figures;
}

std::unique_ptr<AnswerFormat> openai_format(std::string model, bool stream_usage) {
  return std::make_unique<OpenAiFormat>(std::move(model), stream_usage);
}

}  // namespace plimsoll::server
