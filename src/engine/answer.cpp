// How an answer is written, token by token.
#include <utility>

#include "engine/answer_grammar.h"
#include "engine/answer_text.h"
#include "engine/engine.h"
#include "engine/sampler.h"

namespace plimsoll::engine {

namespace {

double ms_between(Engine::Clock::time_point start, Engine::Clock::time_point end) {
  return std::chrono::duration<double, std::milli>(end - start).count();
}

// `grammar`: nullptr where any token will do.
Expected<llama_token> pick_token(Sampler& sampler, AnswerGrammar* grammar, std::span<float> logits) {
  llama_token token = sampler.sample(logits);
  if (!grammar) return token;
  if (!grammar->allows(token)) {
    grammar->mask(logits);
    token = sampler.sample(logits);
  }
  if (!grammar->allows(token))
    return fail(ErrorCode::engine, "the model knows no word that its grammar allows");
  return token;
}

// Writes what the answer's tokens took.
class AnswerClock {
 public:
  AnswerClock(Engine::Clock::time_point asked, GenerationTiming& timing) : asked_(asked), timing_(timing) {}

  void count_token() {
    if (timing_.tokens++ > 0) return;
    first_token_ = Engine::Clock::now();
    timing_.time_to_first_token_ms = ms_between(asked_, first_token_);
  }
  void stop() {
    if (timing_.tokens < 2) return;
    timing_.tokens_per_second =
        (timing_.tokens - 1) * 1000.0 / ms_between(first_token_, Engine::Clock::now());
  }

 private:
  Engine::Clock::time_point asked_;
  Engine::Clock::time_point first_token_{};
  GenerationTiming& timing_;
};

}  // namespace

Expected<void> Engine::write_answer(const Question& question, AnswerGrammar* grammar, const Sinks& sinks,
                                    GenerationResult& result) {
  const GenerationRequest& request = question.request;
  Sampler sampler({.temperature = request.temperature.value_or(question.configuration.temperature),
                   .top_p = request.top_p.value_or(question.configuration.top_p),
                   .seed = request.seed.value_or(LLAMA_DEFAULT_SEED)});
  AnswerText text(request.stop);
  const auto show = [&](std::string_view piece) {
    result.answer += piece;
    if (!piece.empty() && sinks.on_piece) sinks.on_piece(piece);
  };
  phase_ = Phase::answering;
  shortened_ = false;
  result.finish_reason = FinishReason::length;
  Expected<void> done;
  const auto may_go_on = [&] {
    return done && result.timing.tokens < question.max_tokens() && context_ &&
           context_->position() < context_->size().tokens;
  };
  AnswerClock clock(question.started, result.timing);
  for (llama_token token = 0; may_go_on(); done = context_->append({&token, 1}, question.cancel)) {
    auto picked = pick_token(sampler, grammar, context_->logits());
    if (!picked) return tl::unexpected(picked.error());
    token = *picked;
    clock.count_token();
    const bool at_end = text_->ends_answer(token);
    if (!at_end) show(text.push(text_->piece(token)));
    if (at_end || text.ended()) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    if (grammar) done = grammar->accept(token);
    // The token is picked: what it was picked from may go.
    if (sinks.between_steps) sinks.between_steps();
    if (!may_go_on()) break;
    in_context_.push_back({.token = token});
  }
  show(text.take_rest());
  clock.stop();
  const bool cut = shortened_ && result.finish_reason == FinishReason::length;
  if (cut && result.timing.tokens < question.max_tokens()) result.finish_reason = FinishReason::memory;
  return done;
}

Expected<GenerationResult> Engine::generate(const Question& question, const Sinks& sinks) {
  if (question.request.turns.empty()) {
    return fail(ErrorCode::invalid_argument, "there is no question to answer");
  }
  std::optional<AnswerGrammar> grammar;
  if (const std::string& text = question.request.grammar; !text.empty()) {
    auto parsed = AnswerGrammar::parse(text, text_->vocabulary());
    if (!parsed) return tl::unexpected(parsed.error());
    grammar = std::move(*parsed);
  }
  text_device_.listen_to(question.cancel);
  vision_device_.listen_to(question.cancel);
  GenerationResult result;
  auto done = read_prompt(question, sinks, result);
  if (done) done = write_answer(question, grammar ? &*grammar : nullptr, sinks, result);
  phase_ = Phase::idle;
  if (done) return result;
  context_.reset();  // what a stopped graph left in it is of no use
  if (done.error().code != ErrorCode::cancelled) return tl::unexpected(done.error());
  result.finish_reason = FinishReason::cancelled;
  return result;
}

}  // namespace plimsoll::engine
