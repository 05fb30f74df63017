// The first picture of a question, decoded while the model that is going to look at it comes into memory: a
// load leaves most of a processor free, and a photograph takes a tenth of a second.
#pragma once

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <optional>

#include "engine/question_cache.h"
#include "plimsoll/cancel.h"
#include "plimsoll/evaluator.h"

namespace plimsoll::engine {

/// Belongs to one thread.
class PictureAhead {
 public:
  /// nullptr: the question has no picture, or there is no thread for it. REQUIRES: `request` outlives it.
  /// A picture that `cache`, where given, knows already is not decoded.
  static std::unique_ptr<PictureAhead> begin(const GenerationRequest& request, int image_size,
                                             const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                             std::shared_ptr<QuestionCache> cache, CancelFlagPtr cancel);
  /// Blocking until the decoding has ended, which is soon after a cancel: see decode_image().
  ~PictureAhead();

  /// Blocking until the decoding has ended. Calls `meanwhile`, unless empty, every few milliseconds.
  void wait(const std::function<void()>& meanwhile) const;

  /// Its pixels, once; blocking until they are there. Empty where this is another picture, or another size
  /// was decoded, or it failed: decoding it in its turn will say why.
  std::optional<Image> take(const ImageSource& source, int longest_side);

  /// Bytes of the pool that should be free for it. Photographs take less; a picture that must be decoded
  /// whole may take more: then it is refused, or the model waits until it is decoded.
  static constexpr std::size_t kRoomBytes = std::size_t{64} << 20;
  /// Of what a plan counts for libraries (ModelNeeds::heap_bytes), libvips's code and heap: with this they
  /// are there before the plan is made. Measured with SmolVLM-256M and SmolVLM2-500M (bench_plan).
  static constexpr std::size_t kLibraryBytes = std::size_t{14} << 20;

 private:
  struct Decoded {
    Image image;
    int longest_side;
  };
  PictureAhead(const ImageSource& source, std::future<std::optional<Decoded>> decoded)
      : source_(source), decoded_(std::move(decoded)) {}

  const ImageSource& source_;
  std::future<std::optional<Decoded>> decoded_;
};

}  // namespace plimsoll::engine
