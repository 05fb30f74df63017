// Brings a prompt through the language model in as few batches as it fits into, whether its positions come as
// tokens or as embeddings. Belongs to one thread; lives for one prompt.
#pragma once

#include <span>
#include <vector>

#include "engine/text_context.h"

namespace plimsoll::engine {

class PromptFeed {
 public:
  /// REQUIRES: `context` outlives it.
  PromptFeed(TextContext& context, CancelFlagPtr cancel);

  // Each returns once its positions are taken, which may be before they went through the model. They fail as
  // TextContext::append() does.
  Expected<void> tokens(std::span<const llama_token> tokens);
  /// One row of the model's input width for each position.
  Expected<void> rows(std::span<const float> rows);
  /// What was taken has gone through the model when this returns; the last position's logits are kept.
  Expected<void> flush();

  TextContext& context() { return context_; }
  const CancelFlagPtr& cancel() const { return cancel_; }

 private:
  Expected<void> make_room_for_one();

  TextContext& context_;
  CancelFlagPtr cancel_;
  std::size_t width_;
  bool mixes_;                       // tokens are embedded here, so that one batch can have both
  std::vector<llama_token> tokens_;  // one of the two is empty
  std::vector<float> rows_;
};

}  // namespace plimsoll::engine
