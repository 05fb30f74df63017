// The inner loop of packing, fast. REQUIRES: available().
#pragma once

#include <cstddef>

namespace plimsoll::kernels {

struct PackedRow {
  float scale;
  float sum;
};

/// One output's weights in int8, from `first_step` of its panel on.
PackedRow pack_row_int8_fast(const float* weights, int inputs, std::byte* first_step);

}  // namespace plimsoll::kernels
