// Pictures for a language model. One interface, so that our own encoder and libmtmd's can stand behind it.
// Belongs to one thread.
#pragma once

#include <functional>

#include "engine/encoded_picture.h"
#include "plimsoll/media.h"

namespace plimsoll::engine {

class VisionEncoder {
 public:
  virtual ~VisionEncoder() = default;

  /// The longest side, in pixels, beyond which the model sees nothing more; 0: not known.
  virtual int longest_edge() const = 0;

  /// Whether it may leave memory once a picture is encoded.
  virtual bool can_leave() const = 0;

  /// Before the first tile and after each: how many are done, of how many.
  using TileSink = std::function<void(int done, int of)>;

  /// Encodes a picture at `image_size` (MemoryConfiguration). Stops
  /// between two nodes of a graph when cancelled. The rows are charged to `cache.images`.
  /// Fails with `cancelled`, `over_budget`, `out_of_memory`, `invalid_argument` or `engine`.
  virtual Expected<EncodedPicturePtr> encode(const Image& image, int image_size, const CancelFlagPtr& cancel,
                                             const TileSink& on_tile) = 0;
};

}  // namespace plimsoll::engine
