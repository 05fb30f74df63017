#include "engine/answer_grammar.h"

#include <cmath>
#include <exception>

namespace plimsoll::engine {

Expected<AnswerGrammar> AnswerGrammar::parse(const std::string& text, const llama_vocab* vocabulary) {
  llama_sampler* sampler = llama_sampler_init_grammar(vocabulary, text.c_str(), "root");
  if (!sampler) {
    return fail(ErrorCode::invalid_argument,
                "the grammar of the answer is not GBNF with a rule \"root\"; correct it");
  }
  return AnswerGrammar(sampler);
}

bool AnswerGrammar::allows(llama_token token) const {
  llama_token_data one{token, 0, 0};
  llama_token_data_array alone{&one, 1, -1, false};
  llama_sampler_apply(sampler_.get(), &alone);
  return std::isfinite(one.logit);
}

void AnswerGrammar::mask(std::span<float> logits) const {
  candidates_.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    candidates_.push_back({static_cast<llama_token>(i), logits[i], 0});
  }
  llama_token_data_array all{candidates_.data(), candidates_.size(), -1, false};
  llama_sampler_apply(sampler_.get(), &all);
  for (std::size_t i = 0; i < all.size; ++i)
    logits[static_cast<std::size_t>(all.data[i].id)] = all.data[i].logit;
}

Expected<void> AnswerGrammar::accept(llama_token token) {
  try {
    llama_sampler_accept(sampler_.get(), token);
    return {};
  } catch (const std::exception& error) {
    return fail(ErrorCode::engine, std::string("the grammar of the answer led nowhere: ") + error.what());
  }
}

}  // namespace plimsoll::engine
