// One sequence in a language model: its KV cache and compute memory, filled from the left. Belongs to one
// thread.
#pragma once

#include <memory>
#include <span>

#include "engine/llama_internals.h"
#include "engine/text_model.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

struct ContextSize {
  int tokens = 0;        // positions that fit; llama.cpp rounds up to 256
  int batch_tokens = 0;  // positions that go through the model at once
  KvType kv_type = KvType::f16;
};

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
  /// What the model says to come next, one for each token of the vocabulary; the caller may change them.
  /// REQUIRES: append() was the last thing that happened to it.
  std::span<float> logits() const;
  int position() const { return position_; }
  void advance_to(int position) { position_ = position; }

  /// Forgets the sequence; frees no memory.
  void clear();
  /// Forgets what stands at `position` and behind it. False: the model can't; then the sequence is as it was.
  bool cut_off_at(int position);

  /// The sequence's keys and values, to be restored into this or another context of the same model and KV
  /// type. Fails with `over_budget`, `out_of_memory` or `engine`.
  std::size_t saved_bytes() const;
  Expected<Buffer> save(MemoryHolder holder) const;
  /// `position`: as many as were saved. REQUIRES: it is empty, and large enough.
  Expected<void> restore(const Buffer& saved, int position);

  /// Positions beyond the sequence and `rest` more.
  int spare_tokens(int rest) const;
  /// Moves the sequence into a context that has room for `rest` more positions. The logits of the last one
  /// are lost. Fails as create() does; then the sequence is lost too.
  Expected<void> shrink(int rest);

  /// Runs `tokens` through the model behind what is there; the last one's logits are kept for sampling.
  /// Fails with `cancelled` between two nodes of the graph, `over_budget` or `engine`.
  Expected<void> append(std::span<const llama_token> tokens, const CancelFlagPtr& cancel);

  /// The same with embeddings, one row of the model's input width for each position.
  Expected<void> append_embeddings(std::span<const float> rows, const CancelFlagPtr& cancel);

  /// Why the graph that ran last failed.
  Error explain(const CancelFlagPtr& cancel) const;

 private:
  struct Free {
    void operator()(llama_context* context) const { llama_free(context); }
  };
  TextContext(llama_context* context, TextModel& model, ContextSize size, int threads)
      : context_(context), model_(model), size_(size), threads_(threads) {}
  Expected<void> decode(const llama_batch& batch, const CancelFlagPtr& cancel);

  std::unique_ptr<llama_context, Free> context_;
  TextModel& model_;
  ContextSize size_;
  int threads_;
  int position_ = 0;
};

}  // namespace plimsoll::engine
