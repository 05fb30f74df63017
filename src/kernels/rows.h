// What is done to rows of activations: norms, and products with packed weights. REQUIRES for all:
// available(). Thread-safe as far as their memory is not shared.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/packed_matrix.h"

namespace plimsoll::kernels {

/// Rows at which a product is at its best: as many as the processor's second cache holds with their results.
inline constexpr int kRowBlock = 48;

/// Activations as one side of a product. A value is (byte - zero) * scale in int8.
struct PreparedRows {
  Precision precision = Precision::bf16;
  std::byte* data = nullptr;  // rows of stride_bytes
  std::size_t stride_bytes = 0;
  float* scale = nullptr;  // int8: for each row
  float* zero = nullptr;   // int8: likewise
};

/// Bytes of `rows` rows; REQUIRES memory that is 64-byte aligned.
std::size_t prepared_bytes(Precision precision, int inputs, int rows);
PreparedRows lay_out_prepared(Precision precision, int inputs, int rows, std::byte* memory);

/// Puts `values` into row `row`.
void prepare_row(const PreparedRows& rows, int row, const float* values, int inputs);

/// y = (x - mean) / sqrt(variance + epsilon) * weight + bias. `y` may be `x`.
void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int count, float* y);

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

void multiply(const PackedMatrix& matrix, const PreparedRows& rows, int count, const Product& out);

/// The same, with results in bfloat16, those of outputs below `scaled_outputs` times `factor`.
struct HalfProduct {
  std::uint16_t* data = nullptr;
  std::size_t stride = 0;
  int scaled_outputs = 0;
  float factor = 1;
};
void multiply(const PackedMatrix& matrix, const PreparedRows& rows, int count, const HalfProduct& out);

}  // namespace plimsoll::kernels
