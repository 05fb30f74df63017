// A language model's KV cache and compute memory, with room for one sequence or several. Belongs to one
// thread.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "engine/llama_internals.h"
#include "engine/text_model.h"
#include "engine/text_sequence.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

struct ContextSize {
  int tokens = 0;        // positions that fit into each sequence; create() rounds up
  int batch_tokens = 0;  // positions that go through the model at once
  KvType kv_type = KvType::f16;
  int sequences = 1;
};

/// As many positions as a context for `tokens` has: llama.cpp rounds up to 256.
constexpr int rounded_context(int tokens) { return (tokens + 255) / 256 * 256; }

class TextContext {
 public:
  /// Charges the KV cache to `kv` and the rest to the device's compute holder.
  /// Fails with `over_budget`, `out_of_memory` or `engine`. REQUIRES: `model` outlives it.
  static Expected<std::unique_ptr<TextContext>> create(TextModel& model, ContextSize size, int threads);

  /// What create() would charge for this size: the KV cache, and compute memory with the scratch of graphs.
  /// Allocates next to nothing, takes milliseconds. Fails as create() does.
  static Expected<ContextBytes> bytes_for(TextModel& model, ContextSize size, int threads);

  llama_context* get() const { return context_.get(); }
  ContextSize size() const { return size_; }
  const TextModel& model() const { return model_; }
  int embedding_width() const { return model_.embedding_width(); }
  TextSequence& sequence(int index) { return sequences_[static_cast<std::size_t>(index)]; }

  /// One more token for a sequence.
  struct Step {
    int sequence = 0;
    llama_token token = 0;
  };
  /// Runs one token of each of some sequences through the model, all at once. Fails as append() does; then
  /// nothing was appended to any. REQUIRES: each sequence once, and with room.
  Expected<void> step(std::span<const Step> steps, const CancelFlagPtr& cancel);

  /// What the model says to come next, one for each token of the vocabulary; the caller may change them.
  /// REQUIRES: append() of a sequence was the last thing that happened to the context.
  std::span<float> logits() const;
  /// The same behind the step `index`. REQUIRES: step() was the last thing that happened to the context.
  std::span<float> logits(std::size_t index) const;

  /// Moves some sequences into a context of `size`, in which they are numbered in this order; the others and
  /// all logits are lost. Fails as create() does; where the copies were refused, it is as it was, otherwise
  /// all is lost: get() is null, and only the destructor may be called. REQUIRES: as many as `size` has, and
  /// room for what they hold.
  Expected<void> move(std::span<const int> kept, ContextSize size);

  /// Why the graph that ran last failed.
  Error explain(const CancelFlagPtr& cancel) const;

 private:
  struct Free {
    void operator()(llama_context* context) const { llama_free(context); }
  };
  TextContext(llama_context* context, TextModel& model, ContextSize size, int threads)
      : model_(model), threads_(threads) {
    hold(context, size);
  }
  friend class TextSequence;
  void hold(llama_context* context, ContextSize asked);
  Expected<void> decode(const llama_batch& batch, const CancelFlagPtr& cancel);
  std::span<float> logits_of(int row) const;

  std::unique_ptr<llama_context, Free> context_;
  TextModel& model_;
  ContextSize size_;
  int threads_;
  std::vector<TextSequence> sequences_;
  std::vector<int> rows_;  // in its batch, of each token of the latest step
};

}  // namespace plimsoll::engine
