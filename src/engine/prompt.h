// What a language model is given before it answers: text and pictures, in order. Two prompts that begin alike
// need their beginning to go through the model only once.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include "engine/encoded_picture.h"
#include "media/content_hash.h"

namespace plimsoll::engine {

/// A picture as it is seen: the same bytes at another size, or by another model, are another one.
struct PictureKey {
  media::ContentHash content;
  std::uint64_t model = 0;
  int image_size = 0;
  auto operator<=>(const PictureKey&) const = default;
};

/// One token, or one picture.
struct PromptPart {
  llama_token token = LLAMA_TOKEN_NULL;  // of a picture: LLAMA_TOKEN_NULL
  PictureKey key{};
  int positions = 1;

  bool is_picture() const { return token == LLAMA_TOKEN_NULL; }
  bool same_as(const PromptPart& other) const { return token == other.token && key == other.key; }
};
using PromptParts = std::vector<PromptPart>;

/// How many parts both begin with.
std::size_t common_parts(std::span<const PromptPart> a, std::span<const PromptPart> b);

/// Positions in the context that they take.
int positions_of(std::span<const PromptPart> parts);

/// The number of parts up to and with the last picture; 0: there is none.
std::size_t parts_through_pictures(std::span<const PromptPart> parts);

class Prompt {
 public:
  void add_text(const std::vector<llama_token>& tokens);
  void add_picture(const PictureKey& key);

  const PromptParts& parts() const { return parts_; }
  int positions() const { return positions_of(parts_); }

  /// Gives part `index`, a picture, what it looks like; a part that goes through the model needs that.
  void show(std::size_t index, EncodedPicturePtr picture);
  /// The same, where only its length is known: it is in the context already.
  void measure(std::size_t index, int positions) { parts_[index].positions = positions; }

  int widest_batch() const;
  /// See EncodedPicture.
  bool counts_up() const;

  /// Runs the parts from `begin` on through the language model. Stops when cancelled. `between`: see
  /// PromptFeed.
  Expected<void> prefill(std::size_t begin, TextSequence& sequence, const CancelFlagPtr& cancel,
                         const std::function<void()>& between) const;

 private:
  PromptParts parts_;
  std::vector<std::pair<std::size_t, EncodedPicturePtr>> pictures_;  // by part
};

}  // namespace plimsoll::engine
