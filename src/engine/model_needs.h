// What a model takes, as figures that a plan is made from. The planner knows the model through these alone.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include "engine/model_files.h"
#include "engine/text_context.h"
#include "engine/vision_loader.h"
#include "plimsoll/error.h"

namespace plimsoll::engine {

/// The language model's weights, one way of keeping them. Bytes.
struct TextWeightNeeds {
  std::size_t fixed_bytes = 0;           // what is there all the time
  std::size_t private_bytes = 0;         // of these, memory of our own instead of pages of the file
  std::vector<std::size_t> layer_bytes;  // layers that may be streamed; none where the layout has none
};

struct ModelNeeds {
  int context_length = 0;  // tokens that the model was trained for
  int sequences = 1;       // that one context of it can have at most
  TextWeightNeeds repacked, plain, streamed;
  VisionNeeds vision;
  std::size_t heap_bytes = 0;  // uncharged: what libraries hold beside all that at the peak
  std::function<Expected<ContextBytes>(ContextSize)> context;
};

/// Reads them off an opened model that is not filled, and off its vision encoder's file (empty: none). `text`
/// must outlive the result. Blocking, tens of milliseconds. Fails with `engine`, `io` or `invalid_argument`;
/// once `cancel` is set, what the result draws up fails with `cancelled`.
Expected<ModelNeeds> read_needs(TextModel& text, const std::filesystem::path& vision, VisionKernels kernels,
                                int threads, const CancelFlagPtr& cancel);

}  // namespace plimsoll::engine
