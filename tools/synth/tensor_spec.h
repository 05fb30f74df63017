#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ggml.h"
#include "synth/weight_type.h"

namespace plimsoll::synth {

// A tensor that is still to be made.
struct TensorSpec {
  std::string name;
  std::vector<std::int64_t> shape;  // GGUF's order: the row's length first
  ggml_type type;
  float mean;
  float deviation;
  std::vector<std::int64_t> zero_rows = {};  // ascending

  std::int64_t columns() const { return shape.front(); }
  std::int64_t rows() const;
};

// Keeps the variance of what goes through a matrix, so that nothing overflows F16 at any depth.
float initial_deviation(std::int64_t inputs);

// The usual deviation of a transformer's embeddings at the start of training.
inline constexpr float kEmbeddingDeviation = 0.02F;

TensorSpec matrix(std::string name, std::int64_t inputs, std::int64_t outputs, WeightType type);
TensorSpec norm_weight(std::string name, std::int64_t size);
TensorSpec bias(std::string name, std::int64_t size);

}  // namespace plimsoll::synth
