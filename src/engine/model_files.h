// What a GGUF file says of itself, read from its header; the tensors' data is not touched.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "plimsoll/error.h"

namespace plimsoll {
struct ModelFiles;
}

namespace plimsoll::engine {

struct ModelFileSummary {
  std::string architecture;  // general.architecture: "llama", "clip", ...
  std::string name;          // general.name; may be empty
  std::uint64_t parameters = 0;
  std::uint64_t tensor_bytes = 0;  // of all tensors, each rounded up to ggml's alignment
  int image_longest_edge = 0;      // clip.vision.preproc_image_size, pixels; 0 where the file has none
  int image_tile = 0;              // clip.vision.image_size, pixels; 0 likewise
  int image_patch = 0;             // clip.vision.patch_size, pixels; 0 likewise
  int image_shuffle = 0;  // clip.vision.projector.scale_factor: patches a token, each way; 0 likewise
  std::string image_before_lone_overview{};  // plimsoll.vision.before_lone_overview; see SiglipFile
};

/// Positions of the prompt that one tile becomes; a cautious guess where the file does not say.
int tokens_of_tile(const ModelFileSummary& file);

/// Fails with `not_found`, `io`, or `invalid_argument` (not GGUF, or shorter than its header promises).
Expected<ModelFileSummary> read_model_file(const std::filesystem::path& path);

/// Which model speaks, as far as that changes what a picture or a prompt becomes.
std::uint64_t identity(const ModelFiles& files);

}  // namespace plimsoll::engine
