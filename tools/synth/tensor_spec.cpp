#include "synth/tensor_spec.h"

#include <cmath>
#include <functional>
#include <numeric>
#include <utility>

namespace plimsoll::synth {

std::int64_t TensorSpec::rows() const {
  return std::accumulate(shape.begin() + 1, shape.end(), std::int64_t{1}, std::multiplies<>());
}

float initial_deviation(std::int64_t inputs) { return 1.0F / std::sqrt(static_cast<float>(inputs)); }

TensorSpec matrix(std::string name, std::int64_t inputs, std::int64_t outputs, WeightType type) {
  return {std::move(name), {inputs, outputs}, matrix_type(type, inputs), 0.0F, initial_deviation(inputs)};
}

TensorSpec norm_weight(std::string name, std::int64_t size) {
  return {std::move(name), {size}, GGML_TYPE_F32, 1.0F, 0.0F};
}

TensorSpec bias(std::string name, std::int64_t size) {
  return {std::move(name), {size}, GGML_TYPE_F32, 0.0F, kEmbeddingDeviation};
}

}  // namespace plimsoll::synth
