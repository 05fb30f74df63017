#include "engine/answer.h"

#include <utility>

namespace plimsoll::engine {

namespace {

SamplingOptions sampling_of(const Question& question) {
  const GenerationRequest& request = question.request;
  return {.temperature = request.temperature.value_or(question.configuration.temperature),
          .top_p = request.top_p.value_or(question.configuration.top_p),
          .seed = request.seed.value_or(LLAMA_DEFAULT_SEED)};
}

}  // namespace

Answer::Answer(Question question, Sinks sinks, OnAnswered on_answered, std::optional<AnswerGrammar> grammar,
               const TextModel& model, GenerationResult result)
    : question_(std::move(question)),
      sinks_(std::move(sinks)),
      on_answered_(std::move(on_answered)),
      grammar_(std::move(grammar)),
      model_(model),
      result_(std::move(result)),
      sampler_(sampling_of(question_)),
      text_(question_.request.stop) {
  result_.finish_reason = FinishReason::length;
}

Expected<llama_token> Answer::pick(std::span<float> logits) {
  llama_token token = sampler_.sample(logits);
  if (!grammar_) return token;
  if (!grammar_->allows(token)) {
    grammar_->mask(logits);
    token = sampler_.sample(logits);
  }
  if (!grammar_->allows(token))
    return fail(ErrorCode::engine, "the model knows no word that its grammar allows");
  return token;
}

Expected<void> Answer::take(std::span<float> logits) {
  auto picked = pick(logits);
  if (!picked) return tl::unexpected(picked.error());
  token_ = *picked;
  count_token();
  const bool at_end = model_.ends_answer(token_);
  if (!at_end) show(text_.push(model_.piece(token_)));
  if (at_end || text_.ended()) {
    result_.finish_reason = FinishReason::stop;
    ended_ = true;
    return {};
  }
  return grammar_ ? grammar_->accept(token_) : Expected<void>();
}

void Answer::show(std::string_view piece) {
  result_.answer += piece;
  if (!piece.empty() && sinks_.on_piece) sinks_.on_piece(piece);
}

void Answer::count_token() {
  if (result_.timing.tokens++ > 0) return;
  first_token_ = Clock::now();
  result_.timing.time_to_first_token_ms = ms_between(question_.started, first_token_);
}

void Answer::end(Expected<void> done) {
  show(text_.take_rest());
  if (result_.timing.tokens > 1) {
    result_.timing.tokens_per_second = (result_.timing.tokens - 1) * 1000.0 / ms_since(first_token_);
  }
  if (!done && done.error().code != ErrorCode::cancelled) return on_answered_(tl::unexpected(done.error()));
  const bool cut = shortened_ && result_.finish_reason == FinishReason::length;
  if (cut && result_.timing.tokens < question_.max_tokens()) result_.finish_reason = FinishReason::memory;
  if (!done) result_.finish_reason = FinishReason::cancelled;
  on_answered_(std::move(result_));
}

}  // namespace plimsoll::engine
