// Pictures for a language model: what they look like in the prompt, and their embeddings. One interface, so
// that a model's own encoder and mtmd's can stand behind it. Belongs to one thread.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text_context.h"
#include "plimsoll/media.h"

namespace plimsoll::engine {

/// A prompt in order: text, and pictures as their embeddings. Lives without the encoder that made it.
class LaidOutPrompt {
 public:
  virtual ~LaidOutPrompt() = default;
  virtual int tokens() const = 0;        // positions in the context, pictures included
  virtual int image_tokens() const = 0;  // of those, pictures
  virtual int image_tiles() const = 0;   // runs of the vision encoder
  virtual int widest_batch() const = 0;  // positions that must go through the language model at once; 0: any

  /// Runs it through the language model. Stops between two nodes of a graph when cancelled. REQUIRES:
  /// encode().
  virtual Expected<void> prefill(TextContext& context, const CancelFlagPtr& cancel) = 0;
};

class VisionEncoder {
 public:
  virtual ~VisionEncoder() = default;

  /// What stands for a picture in the text that lay_out() is given.
  virtual std::string_view marker() const = 0;

  /// The longest side, in pixels, beyond which the model sees nothing more; 0: not known.
  virtual int longest_edge() const = 0;

  /// Whether it may leave memory between encode() and prefill().
  virtual bool can_leave() const = 0;

  /// REQUIRES: as many markers in `text` as `images`.
  virtual Expected<std::unique_ptr<LaidOutPrompt>> lay_out(const std::string& text,
                                                           std::span<const Image> images) = 0;

  /// Encodes the prompt's pictures, and calls `between_tiles` after each tile. Stops between two nodes of a
  /// graph when cancelled.
  virtual Expected<void> encode(LaidOutPrompt& prompt, const CancelFlagPtr& cancel,
                                const std::function<void()>& between_tiles) = 0;
};

}  // namespace plimsoll::engine
