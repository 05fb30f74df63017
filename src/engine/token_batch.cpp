#include "engine/token_batch.h"

namespace plimsoll::engine {

void TokenBatch::add(llama_token token, llama_pos position, llama_seq_id sequence, bool says) {
  tokens_.push_back(token);
  positions_.push_back(position);
  sequences_.push_back(sequence);
  counts_.push_back(1);
  says_.push_back(says ? 1 : 0);
}

llama_batch TokenBatch::view() {
  sequence_of_.clear();
  for (llama_seq_id& sequence : sequences_) sequence_of_.push_back(&sequence);
  llama_batch batch{};
  batch.n_tokens = size();
  batch.token = tokens_.data();
  batch.pos = positions_.data();
  batch.n_seq_id = counts_.data();
  batch.seq_id = sequence_of_.data();
  batch.logits = says_.data();
  return batch;
}

llama_batch TokenBatch::view(std::span<const float> rows) {
  rows_.assign(rows.begin(), rows.end());  // llama.cpp's interface takes them writable
  llama_batch batch = view();
  batch.token = nullptr;
  batch.embd = rows_.data();
  return batch;
}

}  // namespace plimsoll::engine
