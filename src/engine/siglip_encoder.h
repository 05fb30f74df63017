// Our own encoder for SmolVLM and its kin: tiles by choice, one at a time, on the governed device.
#pragma once

#include <memory>
#include <optional>

#include "engine/siglip_file.h"
#include "engine/text_model.h"
#include "engine/vision_encoder.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

/// Bytes that an encoder takes, before it is loaded. `compute`: of one tile.
struct SiglipBytes {
  std::size_t weights = 0;
  std::size_t compute = 0;
};
SiglipBytes siglip_bytes(const SiglipFile& file, VisionKernels kernels, int threads);

/// Fails with `over_budget`, `out_of_memory`, `cancelled` or `io`. REQUIRES: `text` and `device` outlive it.
Expected<std::unique_ptr<VisionEncoder>> load_siglip_encoder(SiglipFile file, VisionKernels kernels,
                                                             TextModel& text, GovernedDevice& device,
                                                             int threads, const Progress& progress,
                                                             const CancelFlagPtr& cancel);

}  // namespace plimsoll::engine
