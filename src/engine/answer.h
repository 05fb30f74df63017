// An answer while it is written, token by token. Belongs to one thread.
#pragma once

#include <optional>
#include <span>

#include "engine/answer_grammar.h"
#include "engine/answer_text.h"
#include "engine/question.h"
#include "engine/sampler.h"
#include "engine/text_model.h"

namespace plimsoll::engine {

class Answer {
 public:
  /// `result`: what reading the prompt came to. REQUIRES: `model` outlives it.
  Answer(Question question, Sinks sinks, OnAnswered on_answered, std::optional<AnswerGrammar> grammar,
         const TextModel& model, GenerationResult result);

  /// Picks the next token from what the model says and shows it. Fails with `engine`. REQUIRES: goes_on().
  Expected<void> take(std::span<float> logits);

  /// Whether it may have another token, as far as it knows itself.
  bool goes_on() const { return !ended_ && result_.timing.tokens < question_.max_tokens(); }
  bool cancelled() const { return question_.cancel->cancelled(); }
  const CancelFlagPtr& cancel() const { return question_.cancel; }
  /// What was picked, to go through the model before the next take().
  llama_token token() const { return token_; }

  /// It has less room than it was promised: where that ends it, it ends for memory.
  void shorten() { shortened_ = true; }

  /// Tells whoever waits: the answer, or why there is none. The last thing that is called.
  void end(Expected<void> done);

 private:
  Expected<llama_token> pick(std::span<float> logits);
  void show(std::string_view piece);
  void count_token();

  Question question_;
  Sinks sinks_;
  OnAnswered on_answered_;
  std::optional<AnswerGrammar> grammar_;
  const TextModel& model_;
  GenerationResult result_;
  Sampler sampler_;
  AnswerText text_;
  Clock::time_point first_token_{};
  llama_token token_ = 0;
  bool ended_ = false;
  bool shortened_ = false;
};

}  // namespace plimsoll::engine
