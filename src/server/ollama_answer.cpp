#include "server/ollama_answer.h"

#include <array>
#include <ctime>
#include <utility>

namespace plimsoll::server {

namespace {

std::int64_t nanoseconds(double milliseconds) { return static_cast<std::int64_t>(milliseconds * 1e6); }

std::string_view done_reason_of(FinishReason reason) {
  return reason == FinishReason::length || reason == FinishReason::memory ? "length" : "stop";
}

Json head(OllamaRoute route, const std::string& model, std::string_view text) {
  Json object = {{"model", model}, {"created_at", timestamp(std::time(nullptr))}};
  if (route == OllamaRoute::chat) {
    object["message"] = {{"role", "assistant"}, {"content", text}};
  } else {
    object["response"] = text;
  }
  return object;
}

class OllamaFormat final : public AnswerFormat {
 public:
  OllamaFormat(OllamaRoute route, std::string model) : route_(route), model_(std::move(model)) {}

  Json whole(const Outcome& outcome) const override {
    return outcome.answer ? last(*outcome.answer, outcome.answer->result.answer, outcome.queued)
                          : ollama_done(route_, model_, "load");
  }
  Json error(const ApiError& error) const override { return ollama_error(error); }

  std::string stream_type() const override { return "application/x-ndjson"; }
  std::string begin() const override { return {}; }
  std::string piece(std::string_view text) const override {
    Json object = head(route_, model_, text);
    object["done"] = false;
    return to_text(object) + "\n";
  }
  std::string end(const Outcome& outcome) const override {
    return to_text(last(*outcome.answer, {}, outcome.queued)) + "\n";
  }
  std::string failure(const ApiError& error) const override { return to_text(ollama_error(error)) + "\n"; }
  // In front of the next object, where JSON has room for it.
  std::string sign_of_life(const Standing&) const override { return " "; }

 private:
  Json last(const Answer& answer, std::string_view text, std::chrono::milliseconds queued) const {
    const GenerationResult& result = answer.result;
    const GenerationTiming& t = result.timing;
    const double eval_ms = t.tokens_per_second > 0 ? t.tokens / t.tokens_per_second * 1000 : 0;
    const double prompt_ms = t.image_decode_ms + t.image_encode_ms + t.prefill_ms;
    Json object = head(route_, model_, text);
    object["done"] = true;
    object["done_reason"] = done_reason_of(result.finish_reason);
    object["total_duration"] =
        nanoseconds(static_cast<double>(queued.count()) + t.load_ms + prompt_ms + eval_ms);
    object["load_duration"] = nanoseconds(t.load_ms);
    object["prompt_eval_count"] = result.prompt_tokens;
    object["prompt_eval_duration"] = nanoseconds(prompt_ms);
    object["eval_count"] = t.tokens;
    object["eval_duration"] = nanoseconds(eval_ms);
    return object;
  }

  const OllamaRoute route_;
  const std::string model_;
};

}  // namespace

std::unique_ptr<AnswerFormat> ollama_format(OllamaRoute route, std::string model) {
  return std::make_unique<OllamaFormat>(route, std::move(model));
}

Json ollama_done(OllamaRoute route, const std::string& model, const std::string& reason) {
  Json object = head(route, model, "");
  object["done"] = true;
  object["done_reason"] = reason;
  return object;
}

std::string timestamp(std::int64_t seconds_since_1970) {
  const std::time_t time = seconds_since_1970;
  std::tm parts{};
  ::gmtime_r(&time, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

}  // namespace plimsoll::server
