#include "synth/shapes.h"

#include <algorithm>
#include <array>
#include <stdexcept>

namespace plimsoll::synth {
namespace {

// As published with SmolVLM-256M, SmolVLM2-500M and SmolVLM2-2.2B. The small two share SigLIP-base (patch
// 16), the large one has SigLIP-so400m (patch 14).
constexpr VisionShape kSiglipBase{768, 12, 12, 3072, 16, 512, 2048, 4};
constexpr VisionShape kSiglipSo400m{1152, 27, 16, 4304, 14, 384, 1536, 3};

constexpr std::array kShapes{
    ModelShape{"smolvlm-256m", "256M", {576, 30, 9, 3, 1536, 8192, 100000.0F}, kSiglipBase},
    ModelShape{"smolvlm2-500m", "500M", {960, 32, 15, 5, 2560, 8192, 100000.0F}, kSiglipBase},
    ModelShape{"smolvlm2-2.2b", "2.2B", {2048, 24, 32, 32, 8192, 16384, 273768.0F}, kSiglipSo400m},
};

}  // namespace

std::vector<std::string> model_names() {
  std::vector<std::string> names;
  names.reserve(std::size(kShapes));
  for (const ModelShape& shape : kShapes) names.emplace_back(shape.name);
  return names;
}

const ModelShape& shape_of(std::string_view name) {
  const auto* found = std::ranges::find(kShapes, name, &ModelShape::name);
  if (found == kShapes.end()) throw std::invalid_argument("no such model: " + std::string(name));
  return *found;
}

}  // namespace plimsoll::synth
