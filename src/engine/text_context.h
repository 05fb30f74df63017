// One sequence in a language model: its KV cache and compute memory, filled from the left. Belongs to one
// thread.
#pragma once

#include <memory>
#include <span>

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
  /// Fails with `over_budget`, `out_of_memory` or `engine`. REQUIRES: `model` and `device` outlive it.
  static Expected<std::unique_ptr<TextContext>> create(TextModel& model, GovernedDevice& device,
                                                       ContextSize size, int threads);

  llama_context* get() const { return context_.get(); }
  ContextSize size() const { return size_; }
  int embedding_width() const { return llama_model_n_embd_inp(model_.get()); }
  int position() const { return position_; }
  void advance_to(int position) { position_ = position; }

  /// Forgets the sequence; frees no memory.
  void clear();

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
  TextContext(llama_context* context, TextModel& model, GovernedDevice& device, ContextSize size)
      : context_(context), model_(model), device_(device), size_(size) {}
  Expected<void> decode(const llama_batch& batch, const CancelFlagPtr& cancel);

  std::unique_ptr<llama_context, Free> context_;
  TextModel& model_;
  GovernedDevice& device_;
  ContextSize size_;
  int position_ = 0;
};

}  // namespace plimsoll::engine
