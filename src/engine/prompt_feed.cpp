#include "engine/prompt_feed.h"

#include <utility>

namespace plimsoll::engine {

PromptFeed::PromptFeed(TextSequence& sequence, CancelFlagPtr cancel, std::function<void()> between)
    : sequence_(sequence),
      cancel_(std::move(cancel)),
      between_(std::move(between)),
      width_(static_cast<std::size_t>(sequence.context().embedding_width())),
      mixes_(sequence.context().model().embeds_tokens()) {}

void PromptFeed::begin_batch() {
  if (begun_ && between_) between_();
  begun_ = true;
}

Expected<void> PromptFeed::make_room_for_one() {
  const std::size_t taken = tokens_.size() + rows_.size() / width_;
  return taken < static_cast<std::size_t>(sequence_.context().size().batch_tokens) ? Expected<void>()
                                                                                   : flush();
}

Expected<void> PromptFeed::tokens(std::span<const llama_token> tokens) {
  if (!mixes_ && !rows_.empty()) {
    if (auto done = flush(); !done) return done;
  }
  for (const llama_token token : tokens) {
    if (auto done = make_room_for_one(); !done) return done;
    if (mixes_) {
      rows_.resize(rows_.size() + width_);
      sequence_.context().model().embed(token,
                                        {rows_.end() - static_cast<std::ptrdiff_t>(width_), rows_.end()});
    } else {
      tokens_.push_back(token);
    }
  }
  return {};
}

Expected<void> PromptFeed::rows(std::span<const float> rows) {
  if (!tokens_.empty()) {
    if (auto done = flush(); !done) return done;
  }
  for (; !rows.empty(); rows = rows.subspan(width_)) {
    if (auto done = make_room_for_one(); !done) return done;
    rows_.insert(rows_.end(), rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(width_));
  }
  return {};
}

Expected<void> PromptFeed::flush() {
  if (tokens_.empty() && rows_.empty()) return {};
  begin_batch();
  auto done =
      rows_.empty() ? sequence_.append(tokens_, cancel_) : sequence_.append_embeddings(rows_, cancel_);
  tokens_.clear();
  rows_.clear();
  return done;
}

}  // namespace plimsoll::engine
