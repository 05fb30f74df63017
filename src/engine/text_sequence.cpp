#include "engine/text_sequence.h"

#include <algorithm>

#include "engine/sequence_state.h"
#include "engine/text_context.h"
#include "engine/token_batch.h"

namespace plimsoll::engine {

namespace {

Error moved_badly() {
  return {ErrorCode::engine, "the conversation could not be moved into another context"};
}

}  // namespace

void TextSequence::clear() {
  // With only one the whole cache is cleared, and its pages go back to the system.
  llama_memory_t memory = llama_get_memory(context_->get());
  if (context_->size().sequences == 1) {
    llama_memory_clear(memory, false);
  } else {
    llama_memory_seq_rm(memory, id_, -1, -1);
  }
  position_ = 0;
}

bool TextSequence::cut_off_at(int position) {
  if (!llama_memory_seq_rm(llama_get_memory(context_->get()), id_, position, -1)) return false;
  position_ = position;
  return true;
}

std::size_t TextSequence::saved_bytes() const {
  return llama_state_seq_get_size(context_->get(), id_) + SequenceState::kListBytes;
}

Expected<Buffer> TextSequence::save(MemoryHolder holder) const {
  auto saved = context_->model().device().pool().allocate(holder, saved_bytes());
  if (!saved) return saved;
  const SequenceState state(saved->data());
  std::uint8_t* const place = state.to_write(id_);
  const std::size_t bytes = saved_bytes() - SequenceState::kListBytes;
  if (llama_state_seq_get_data(context_->get(), place, bytes, id_) != bytes) {
    return tl::unexpected(moved_badly());
  }
  state.written(id_);
  return saved;
}

Expected<void> TextSequence::restore(const Buffer& saved, int position) {
  const SequenceState state(saved.data());
  // One that is the only one its model can have is read as it was written, whatever that is.
  const bool alone = most_sequences(context_->model().get()) == 1;
  const std::uint8_t* const place = alone ? state.to_write(id_) : state.to_read(context_->size().sequences);
  const std::size_t bytes = saved.size() - state.offset(place);
  if (llama_state_seq_set_data(context_->get(), place, bytes, id_) == 0) {
    clear();
    return tl::unexpected(moved_badly());
  }
  position_ = position;
  return {};
}

Expected<void> TextSequence::append(std::span<const llama_token> tokens, const CancelFlagPtr& cancel) {
  while (!tokens.empty()) {
    const auto count = std::min(tokens.size(), static_cast<std::size_t>(context_->size().batch_tokens));
    TokenBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      batch.add(tokens[i], position_ + static_cast<int>(i), id_, i + 1 == count);
    }
    if (auto done = context_->decode(batch.view(), cancel); !done) return done;
    position_ += static_cast<int>(count);
    tokens = tokens.subspan(count);
  }
  return {};
}

Expected<void> TextSequence::append_embeddings(std::span<const float> rows, const CancelFlagPtr& cancel) {
  const auto width = static_cast<std::size_t>(context_->embedding_width());
  while (!rows.empty()) {
    const auto count = std::min(rows.size() / width, static_cast<std::size_t>(context_->size().batch_tokens));
    TokenBatch batch;
    for (std::size_t i = 0; i < count; ++i) {
      batch.add(LLAMA_TOKEN_NULL, position_ + static_cast<int>(i), id_, i + 1 == count);
    }
    if (auto done = context_->decode(batch.view(rows.first(count * width)), cancel); !done) return done;
    position_ += static_cast<int>(count);
    rows = rows.subspan(count * width);
  }
  return {};
}

}  // namespace plimsoll::engine
