// Keeps an answer inside a grammar, through llama.cpp's grammar support. Belongs to one thread.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "llama.h"
#include "plimsoll/error.h"

namespace plimsoll::engine {

class AnswerGrammar {
 public:
  /// `text` is GBNF, its first rule "root". Fails with `invalid_argument`. REQUIRES: `vocabulary` outlives
  /// it.
  static Expected<AnswerGrammar> parse(const std::string& text, const llama_vocab* vocabulary);

  /// Whether the answer may go on, or end, with this token.
  bool allows(llama_token token) const;

  /// Makes every token impossible that the answer may not go on with. Tens of milliseconds with a large
  /// vocabulary: ask allows() first.
  void mask(std::span<float> logits) const;

  /// The answer goes on with this token. Fails with `engine`. REQUIRES: allows(token).
  Expected<void> accept(llama_token token);

 private:
  struct Free {
    void operator()(llama_sampler* sampler) const { llama_sampler_free(sampler); }
  };
  explicit AnswerGrammar(llama_sampler* sampler) : sampler_(sampler) {}

  std::unique_ptr<llama_sampler, Free> sampler_;
  mutable std::vector<llama_token_data> candidates_;
};

}  // namespace plimsoll::engine
