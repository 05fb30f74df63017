// What goes through a language model at once, in llama.cpp's form: positions of one sequence or of several.
// Belongs to one thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "llama.h"

namespace plimsoll::engine {

class TokenBatch {
 public:
  /// `says`: what the model says behind it is wanted.
  void add(llama_token token, llama_pos position, llama_seq_id sequence, bool says);

  int size() const { return static_cast<int>(tokens_.size()); }

  /// As long as the batch and what it was given live. `rows`: the embeddings to use instead of the tokens,
  /// one of the model's input width for each position.
  llama_batch view();
  llama_batch view(std::span<const float> rows);

 private:
  std::vector<llama_token> tokens_;
  std::vector<llama_pos> positions_;
  std::vector<llama_seq_id> sequences_;
  std::vector<llama_seq_id*> sequence_of_;
  std::vector<int> counts_;
  std::vector<std::int8_t> says_;
  std::vector<float> rows_;
};

}  // namespace plimsoll::engine
