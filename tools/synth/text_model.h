#pragma once

#include "synth/model_file.h"
#include "synth/shapes.h"
#include "synth/vocabulary.h"
#include "synth/weight_type.h"

namespace plimsoll::synth {

ModelFile text_model(const ModelShape& shape, WeightType type, const Vocabulary& vocabulary);

}  // namespace plimsoll::synth
