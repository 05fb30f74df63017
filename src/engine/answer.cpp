// How an answer is written, token by token.
#include <utility>

#include "engine/engine.h"
#include "engine/sampler.h"

namespace plimsoll::engine {

namespace {

double ms_since(Engine::Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Engine::Clock::now() - start).count();
}

// Models begin their answer with a space; people don't.
std::string_view without_leading_space(std::string_view piece, bool first) {
  if (!first) return piece;
  const auto start = piece.find_first_not_of(" \t\n");
  return start == std::string_view::npos ? std::string_view() : piece.substr(start);
}

}  // namespace

Expected<void> Engine::write_answer(const Question& question, const PieceSink& sink,
                                    GenerationResult& result) {
  const GenerationRequest& request = question.request;
  Sampler sampler({.temperature = request.temperature.value_or(question.configuration.temperature),
                   .top_p = request.top_p.value_or(question.configuration.top_p),
                   .seed = request.seed.value_or(LLAMA_DEFAULT_SEED)});
  phase_ = Phase::answering;
  shortened_ = false;
  result.finish_reason = FinishReason::length;
  Expected<void> done;
  Clock::time_point first_token;
  const auto may_go_on = [&] {
    return result.timing.tokens < question.max_tokens() && context_ &&
           context_->position() < context_->size().tokens;
  };
  for (llama_token token = 0; done && may_go_on(); done = context_->append({&token, 1}, question.cancel)) {
    token = sampler.sample(context_->get());
    if (result.timing.tokens++ == 0) {
      first_token = Clock::now();
      result.timing.time_to_first_token_ms = ms_since(question.started);
    }
    if (text_->ends_answer(token)) {
      result.finish_reason = FinishReason::stop;
      break;
    }
    const std::string bytes = text_->piece(token);
    const std::string_view piece = without_leading_space(bytes, result.answer.empty());
    result.answer += piece;
    if (!piece.empty()) sink(piece);
    // The token is picked: what it was picked from may go.
    if (question.between_steps) question.between_steps();
    if (!may_go_on()) break;
    in_context_.push_back({.token = token});
  }
  const bool cut = shortened_ && result.finish_reason == FinishReason::length;
  if (cut && result.timing.tokens < question.max_tokens()) result.finish_reason = FinishReason::memory;
  const double decode_ms = result.timing.tokens > 1 ? ms_since(first_token) : 0;
  if (decode_ms > 0) result.timing.tokens_per_second = (result.timing.tokens - 1) * 1000.0 / decode_ms;
  return done;
}

Expected<GenerationResult> Engine::generate(const Question& question, const PieceSink& sink) {
  if (question.request.turns.empty()) {
    return fail(ErrorCode::invalid_argument, "there is no question to answer");
  }
  text_device_.listen_to(question.cancel);
  vision_device_.listen_to(question.cancel);
  GenerationResult result;
  auto done = read_prompt(question, result);
  if (done) done = write_answer(question, sink, result);
  phase_ = Phase::idle;
  if (done) return result;
  context_.reset();  // what a stopped graph left in it is of no use
  if (done.error().code != ErrorCode::cancelled) return tl::unexpected(done.error());
  result.finish_reason = FinishReason::cancelled;
  return result;
}

}  // namespace plimsoll::engine
