// The vision encoder of llama.cpp's libmtmd: every architecture that it knows, as it does it.
#pragma once

#include <memory>

#include "engine/model_files.h"
#include "engine/vision_encoder.h"

namespace plimsoll::engine {

/// The compute memory that load_mtmd_encoder() will reserve beside `weight_bytes` of weights, in bytes. Takes
/// milliseconds, and addresses but no memory. Fails as load_mtmd_encoder() does.
Expected<std::size_t> mtmd_compute_bytes(const std::filesystem::path& path, std::size_t weight_bytes,
                                         int threads);

/// Loads the encoder's weights onto `device`. They are reserved first, because mtmd does not survive a
/// refusal. Fails with `over_budget`, `out_of_memory`, `cancelled`, `io` or `engine`. REQUIRES: `text` and
/// `device` outlive it.
Expected<std::unique_ptr<VisionEncoder>> load_mtmd_encoder(const std::filesystem::path& path, TextModel& text,
                                                           MemoryPool& pool, GovernedDevice& device,
                                                           int threads, const Progress& progress,
                                                           const CancelFlagPtr& cancel);

}  // namespace plimsoll::engine
