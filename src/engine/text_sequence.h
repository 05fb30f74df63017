// One of the sequences that a context has room for: a prompt and its answer, filled from the left. Belongs to
// one thread, lives as long as its place in the context.
#pragma once

#include <span>

#include "llama.h"
#include "plimsoll/cancel.h"
#include "plimsoll/error.h"
#include "plimsoll/memory.h"

namespace plimsoll::engine {

class TextContext;

class TextSequence {
 public:
  TextSequence(TextContext& context, llama_seq_id id) : context_(&context), id_(id) {}

  TextContext& context() const { return *context_; }
  llama_seq_id id() const { return id_; }
  int position() const { return position_; }
  void advance_to(int position) { position_ = position; }

  /// Forgets it; frees no memory.
  void clear();
  /// Forgets what stands at `position` and behind it. False: the model can't; then it is as it was.
  bool cut_off_at(int position);

  /// Its keys and values, to be restored into this or another sequence of the same model and KV type. Fails
  /// with `over_budget`, `out_of_memory` or `engine`.
  std::size_t saved_bytes() const;
  Expected<Buffer> save(MemoryHolder holder) const;
  /// `position`: as many as were saved. REQUIRES: it is empty, and large enough.
  Expected<void> restore(const Buffer& saved, int position);

  /// Runs `tokens` through the model behind what is there; the last one's logits are kept for sampling.
  /// Fails with `cancelled` between two nodes of the graph, `over_budget` or `engine`.
  Expected<void> append(std::span<const llama_token> tokens, const CancelFlagPtr& cancel);

  /// The same with embeddings, one row of the model's input width for each position.
  Expected<void> append_embeddings(std::span<const float> rows, const CancelFlagPtr& cancel);

 private:
  TextContext* context_;
  llama_seq_id id_;
  int position_ = 0;
};

}  // namespace plimsoll::engine
