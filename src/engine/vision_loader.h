// Which encoder a model's pictures get: our own where it knows the model, libmtmd's otherwise.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "engine/text_model.h"
#include "engine/vision_encoder.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

/// One picture.
struct PictureNeeds {
  int tokens = 0;                   // positions in the context
  std::size_t media_bytes = 0;      // its pixels on the way to the encoder
  std::size_t embedding_bytes = 0;  // its rows on the way from the encoder to the language model
};

struct VisionNeeds {
  std::size_t weights = 0;  // 0: no vision encoder
  std::size_t compute = 0;
  bool compute_stays = false;  // with the weights; otherwise it is there only while a picture is encoded
  std::size_t untouched = 0;   // asked for, never touched: only a limit on private memory counts it
  // The largest that the model makes of any picture at this image size (MemoryConfiguration).
  std::function<PictureNeeds(int image_size)> picture = [](int) { return PictureNeeds{}; };
};

/// `path` empty: no encoder. Blocking, milliseconds. Fails with `engine`, `io` or `invalid_argument`.
Expected<VisionNeeds> vision_needs(const std::filesystem::path& path, VisionKernels kernels,
                                   int embedding_width, int threads);

/// Blocking. Fails with `over_budget`, `out_of_memory`, `cancelled`, `io` or `engine`. REQUIRES: `text` and
/// `device` outlive it.
Expected<std::unique_ptr<VisionEncoder>> load_vision_encoder(const std::filesystem::path& path,
                                                             VisionKernels kernels, TextModel& text,
                                                             GovernedDevice& device, int threads,
                                                             const Progress& progress,
                                                             const CancelFlagPtr& cancel);

}  // namespace plimsoll::engine
