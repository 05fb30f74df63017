#pragma once

#include <cstddef>
#include <optional>

namespace plimsoll {

/// How keys and values of the context are stored.
enum class KvType { f16, q8_0, q4_0 };

/// resident: stays with the model. on_demand: comes for a picture, gone before the answer's context is made.
enum class VisionResidency { resident, on_demand };

struct EngineSettings {
  int max_tokens = 0;
  int image_size = 0;
  int context_tokens = 0;
  int batch_tokens = 128;
  KvType kv_type = KvType::f16;
  bool repack = true;
  VisionResidency vision = VisionResidency::resident;
  // Engaged: text weights are streamed, and at most this many bytes of layers stay in memory.
  std::optional<std::size_t> streamed_text_resident_bytes{};
};

}  // namespace plimsoll
