// Attention of every row to every row, as in a vision transformer: no mask, no cache. REQUIRES: available().
#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::kernels {

struct AttentionShape {
  int rows = 0;
  int heads = 0;
  int head_width = 0;  // even
};

/// What queries are to be multiplied with beforehand: with it, scores are powers of two instead of e.
float query_factor(int head_width);

/// Working memory of one call, bytes; 64-byte aligned.
std::size_t attention_bytes(const AttentionShape& shape);

/// One head. `qkv`: rows of 3 * heads * head_width values in bfloat16, queries first (times query_factor),
/// then keys, then values. `out`: rows of heads * head_width floats.
void attend(const AttentionShape& shape, int head, const std::uint16_t* qkv, float* out, std::byte* memory);

}  // namespace plimsoll::kernels
