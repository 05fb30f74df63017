// Products with weights that stay as ggml's Q8_0 lays them out in a file: blocks of 32 values of 8 bits under
// a scale of their own. Worth it from a handful of rows on; the weights are put in order 64 outputs at a
// time, in memory that fits into the processor's second cache. REQUIRES: available(). Thread-safe.
#pragma once

#include <cstddef>

#include "kernels/packed_matrix.h"

namespace plimsoll::kernels {

inline constexpr int kQ8BlockInputs = 32;

struct Q8Weights {
  const std::byte* data = nullptr;
  std::size_t row_bytes = 0;  // from one output's weights to the next
  int inputs = 0;             // a multiple of kQ8BlockInputs
  int outputs = 0;
};

struct Rows {
  const float* data = nullptr;
  std::size_t stride = 0;  // floats from row to row
  int count = 0;
};

/// Working memory of one call, bytes; 64-byte aligned.
std::size_t q8_product_bytes(int inputs, int rows);

/// The outputs of panels `begin` to `end` (of panels(outputs)) for all rows. Activations are rounded to 8
/// bits, block by block, as ggml's own kernels do.
void q8_product(const Q8Weights& weights, int begin, int end, const Rows& x, float* y, std::size_t y_stride,
                std::byte* memory);

}  // namespace plimsoll::kernels
