// Brings a prompt through the language model in as few batches as it fits into, whether its positions come as
// tokens or as embeddings. Belongs to one thread; lives for one prompt.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "engine/text_context.h"

namespace plimsoll::engine {

class PromptFeed {
 public:
  /// `between`, where there is one, is called between two batches; it may use other sequences of the context.
  /// REQUIRES: `sequence` outlives it.
  PromptFeed(TextSequence& sequence, CancelFlagPtr cancel, std::function<void()> between);

  // Each returns once its positions are taken, which may be before they went through the model. They fail as
  // TextContext::append() does.
  Expected<void> tokens(std::span<const llama_token> tokens);
  /// One row of the model's input width for each position.
  Expected<void> rows(std::span<const float> rows);
  /// What was taken has gone through the model when this returns; the last position's logits are kept.
  Expected<void> flush();

  TextSequence& sequence() { return sequence_; }
  /// Called before each batch, also by those that run one themselves.
  void begin_batch();
  const CancelFlagPtr& cancel() const { return cancel_; }

 private:
  Expected<void> make_room_for_one();

  TextSequence& sequence_;
  CancelFlagPtr cancel_;
  std::function<void()> between_;
  bool begun_ = false;
  std::size_t width_;
  bool mixes_;                       // tokens are embedded here, so that one batch can have both
  std::vector<llama_token> tokens_;  // one of the two is empty
  std::vector<float> rows_;
};

}  // namespace plimsoll::engine
