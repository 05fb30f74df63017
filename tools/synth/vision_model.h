#pragma once

#include <cstdint>

#include "synth/model_file.h"
#include "synth/shapes.h"
#include "synth/weight_type.h"

namespace plimsoll::synth {

// longest_edge_pixels takes the place of the model's own: it decides how many tiles mtmd cuts a picture into.
ModelFile vision_model(const ModelShape& shape, WeightType type, std::uint32_t longest_edge_pixels);

}  // namespace plimsoll::synth
