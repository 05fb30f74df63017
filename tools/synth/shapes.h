#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll::synth {

struct TextShape {
  std::uint32_t width;
  std::uint32_t layers;
  std::uint32_t heads;
  std::uint32_t kv_heads;
  std::uint32_t mlp_width;
  std::uint32_t context_tokens;
  float rope_base;
};

struct VisionShape {
  std::uint32_t width;
  std::uint32_t layers;
  std::uint32_t heads;
  std::uint32_t mlp_width;
  std::uint32_t patch_pixels;
  std::uint32_t tile_pixels;
  std::uint32_t longest_edge_pixels;
  // Pixel shuffle: this many patches squared become one token.
  std::uint32_t shuffle;
};

struct ModelShape {
  std::string_view name;
  std::string_view size_label;
  TextShape text;
  VisionShape vision;
};

// Every SmolVLM of every size has heads of 64 in its text model.
inline constexpr std::uint32_t kTextHeadWidth = 64;

std::vector<std::string> model_names();

// REQUIRES: name is one of model_names().
const ModelShape& shape_of(std::string_view name);

}  // namespace plimsoll::synth
