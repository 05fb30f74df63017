// Attention of every row to every row, as in a vision transformer: no mask, no cache.
#pragma once

namespace plimsoll::kernels {

struct AttentionShape {
  int rows = 0;
  int heads = 0;
  int head_width = 0;  // even
};

inline constexpr float kLog2OfE = 1.4426950409F;

/// What queries are to be multiplied with beforehand: with it, scores are powers of two instead of e.
inline float query_factor(int head_width) {
  return kLog2OfE / __builtin_sqrtf(static_cast<float>(head_width));
}

}  // namespace plimsoll::kernels
