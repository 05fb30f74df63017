// Rows of activations: one side of a product with packed weights, and what becomes of its results.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/packed_matrix.h"

namespace plimsoll::kernels {

/// In int8 a value is (stored - zero) * scale.
struct PreparedRows {
  Precision precision = Precision::bf16;
  int inputs = 0;
  std::byte* data = nullptr;  // rows of stride_bytes
  std::size_t stride_bytes = 0;
  float* scale = nullptr;  // int8: for each row
  float* zero = nullptr;   // int8: likewise
};

/// What becomes of a product's results before they are stored.
enum class After {
  nothing,
  gelu,  // tanh approximation
  add,   // to what stands in the output's place
};

struct Product {
  float* data = nullptr;
  std::size_t stride = 0;  // floats from row to row
  After after = After::nothing;
};

/// Results in bfloat16, those of outputs below `scaled_outputs` times `factor`.
struct HalfProduct {
  std::uint16_t* data = nullptr;
  std::size_t stride = 0;
  int scaled_outputs = 0;
  float factor = 1;
};

}  // namespace plimsoll::kernels
