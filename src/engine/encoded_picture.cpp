#include "engine/encoded_picture.h"

#include <utility>

namespace plimsoll::engine {

void EncodedPicture::add_tokens(const std::vector<llama_token>& tokens) {
  const int count = static_cast<int>(tokens.size());
  pieces_.push_back({.tokens = tokens, .count = count});
  positions_ += count;
}

void EncodedPicture::add_tile(Buffer rows, int count) {
  bytes_ += rows.size();
  pieces_.push_back({.rows = std::move(rows), .count = count});
  positions_ += count;
  seen_ += count;
  ++tiles_;
}

Expected<void> EncodedPicture::prefill(PromptFeed& feed) const {
  const auto width = static_cast<std::size_t>(feed.sequence().context().embedding_width());
  std::size_t tile = 0;
  for (const Piece& piece : pieces_) {
    if (feed.cancel()->cancelled()) return fail(ErrorCode::cancelled, "the generation was cancelled");
    const auto* rows = reinterpret_cast<const float*>(piece.rows.data());
    auto done = rows == nullptr
                    ? feed.tokens(piece.tokens)
                    : prefill_tile(tile++, {rows, static_cast<std::size_t>(piece.count) * width}, feed);
    if (!done) return done;
  }
  return {};
}

Expected<void> EncodedPicture::prefill_tile(std::size_t, std::span<const float> rows,
                                            PromptFeed& feed) const {
  return feed.rows(rows);
}

}  // namespace plimsoll::engine
