// A picture as a language model reads it: tokens around and between its tiles, and rows of embeddings for
// what is seen. Does not change once it is made. Belongs to one thread.
#pragma once

#include <memory>
#include <vector>

#include "engine/prompt_feed.h"
#include "llama.h"
#include "plimsoll/memory.h"

namespace plimsoll::engine {

class EncodedPicture {
 public:
  struct Piece {
    std::vector<llama_token> tokens{};  // or
    Buffer rows{};
    int count = 0;  // positions
  };

  EncodedPicture() = default;
  virtual ~EncodedPicture() = default;
  EncodedPicture(const EncodedPicture&) = delete;
  EncodedPicture& operator=(const EncodedPicture&) = delete;

  void add_tokens(const std::vector<llama_token>& tokens);
  /// One tile: `count` positions, one row of the language model's input width each.
  void add_tile(Buffer rows, int count);

  const std::vector<Piece>& pieces() const { return pieces_; }
  int positions() const { return positions_; }  // in the context, tokens included
  int seen_positions() const { return seen_; }  // of those, what a tile shows
  int tiles() const { return tiles_; }          // runs of the vision encoder
  std::size_t bytes() const { return bytes_; }  // of the rows, as they are charged

  /// Positions that must go through the language model at once; 0: any.
  virtual int widest_batch() const { return 0; }
  /// Whether the positions count up one by one, so that what stands behind them can be placed without it.
  virtual bool counts_up() const { return true; }

  /// Runs it through the language model. Stops between two nodes of a graph when cancelled.
  Expected<void> prefill(PromptFeed& feed) const;

 protected:
  virtual Expected<void> prefill_tile(std::size_t tile, std::span<const float> rows, PromptFeed& feed) const;

 private:
  std::vector<Piece> pieces_;
  int positions_ = 0, seen_ = 0, tiles_ = 0;
  std::size_t bytes_ = 0;
};

using EncodedPicturePtr = std::shared_ptr<const EncodedPicture>;

}  // namespace plimsoll::engine
