#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ggml.h"

namespace plimsoll::synth {

enum class WeightType { kF16, kBf16, kQ8_0, kQ4_0 };

std::vector<std::string> weight_type_names();

// REQUIRES: name is one of weight_type_names().
WeightType weight_type_of(const std::string& name);

std::string name_of(WeightType type);

// general.file_type of a file that is mostly of this type.
std::uint32_t file_type_of(WeightType type);

// What a matrix with rows of this many elements is stored as.
ggml_type matrix_type(WeightType type, std::int64_t columns);

// What the output matrix is stored as: better than the rest, as llama-quantize does it.
ggml_type output_type(WeightType type, std::int64_t columns);

}  // namespace plimsoll::synth
