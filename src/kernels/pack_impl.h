// Weights put in order, for one instruction set.
#pragma once

#include "kernels/vectors.h"

namespace plimsoll::kernels {
namespace {

void pack_int8(const PackedMatrix& matrix, int output, const float* weights) {
  Vector largest{};
  each_vector(matrix.inputs,
              [&](int i, auto lanes) { largest = max(largest, magnitude(load(lanes, weights + i))); });
  const float limit = most(largest);
  const Vector inverse = all(limit > 0 ? 127 / limit : 0);
  const std::ptrdiff_t step = static_cast<std::ptrdiff_t>(kLayout.outputs) * kLayout.int8_inputs;
  Words sums{};
  std::byte* out = matrix.first_step(output);
  each_vector(matrix.inputs, [&](int i, auto lanes) {
    const Words whole = rounded(load(lanes, weights + i) * inverse);
    sums += whole;
    std::byte values[kLanes];
    store_bytes(whole, values);
    for (int v = 0; v < kLanes && i + v < matrix.inputs; v += kLayout.int8_inputs, out += step) {
      __builtin_memcpy(out, values + v, static_cast<std::size_t>(kLayout.int8_inputs));
    }
  });
  matrix.scale[output] = limit / 127;
  matrix.sum[output] = static_cast<float>(total(sums));
}

void pack_output(const PackedMatrix& matrix, int output, const float* weights, float bias) {
  matrix.bias[output] = bias;
  if (matrix.precision == Precision::int8) return pack_int8(matrix, output, weights);
  pack_bf16(matrix, output, weights);
}

}  // namespace
}  // namespace plimsoll::kernels
