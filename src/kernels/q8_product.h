// Products with weights that stay as ggml's Q8_0 lays them out in a file: blocks of 32 values of 8 bits under
// a scale of their own. Worth it from a handful of rows on; the weights are put in order a panel at a time,
// in memory that fits into the processor's caches.
#pragma once

#include <cstddef>

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

}  // namespace plimsoll::kernels
