// Products with Q8_0 weights by tiles. A panel of weights becomes bfloat16 once for all rows, in cache: bytes
// would have to leave the tiles after every block, for their scales. Rows are bfloat16, too, which is more
// than the 8 bits of ggml's own kernels.
#pragma once

#include "kernels/q8_product.h"
#include "kernels/strip.h"

namespace plimsoll::kernels {
namespace {

constexpr std::size_t kBlockBytes = sizeof(std::uint16_t) + kQ8BlockInputs;
static_assert(kQ8BlockInputs == 2 * kTileRows);  // a block is a tile of pairs

// One panel of weights in order, and all rows of activations.
struct Q8Memory {
  Q8Memory(int inputs, int rows, std::byte* memory)
      : blocks(static_cast<std::size_t>(inputs / kQ8BlockInputs)),
        row_bytes(apart(blocks * kTileRowBytes)),
        panel(memory),
        rows_at(panel + blocks * kPanelTileBytes),
        end(rows_at + row_bytes * static_cast<std::size_t>(rows)) {}

  std::size_t blocks, row_bytes;
  std::byte* panel;    // [pair of inputs][output]
  std::byte* rows_at;  // [row][input]
  std::byte* end;
};

void halve_row(const Q8Memory& m, std::size_t row, const float* x) {
  std::byte* out = m.rows_at + row * m.row_bytes;
  for (std::size_t i = 0; i < m.blocks * kQ8BlockInputs; i += kLanes) {
    Bf16::store(All{}, out + i * Bf16::kValueBytes, load(All{}, x + i));
  }
}

// Halves of two vectors side by side.
inline __m512i pairs_of(Vector first, Vector second) {
  alignas(64) static constexpr std::uint16_t kOrder[32] = {0,  16, 1,  17, 2,  18, 3,  19, 4,  20, 5,
                                                           21, 6,  22, 7,  23, 8,  24, 9,  25, 10, 26,
                                                           11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  const auto halves = reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(second, first));
  return _mm512_permutexvar_epi16(_mm512_load_si512(kOrder), halves);
}

// The scales that the blocks begin with. Collected in registers: what is written in parts is slow to read
// whole.
inline Vector scales_of(const std::byte* const* blocks) {
  const auto half = [&](int i) {
    std::uint16_t bits;
    __builtin_memcpy(&bits, blocks[i], sizeof(bits));
    return static_cast<short>(bits);
  };
  const __m128i low = _mm_setr_epi16(half(0), half(1), half(2), half(3), half(4), half(5), half(6), half(7));
  const __m128i high =
      _mm_setr_epi16(half(8), half(9), half(10), half(11), half(12), half(13), half(14), half(15));
  return _mm512_cvtph_ps(_mm256_set_m128i(high, low));
}

// Of each word, 2^24 times what it stands for.
inline Vector highest_byte(__m512i words) {
  return floats(reinterpret_cast<Words>(_mm512_and_si512(words, _mm512_set1_epi32(-0x1000000))));
}

// Puts the next block of 16 outputs into one tile of the panel; `rows` is where they stand.
inline void place_block(const std::byte* const* rows, std::byte* tile) {
  const Vector scale = scales_of(rows) * all(0x1p-24F);
  __m256i first[8], second[8];
  transpose_blocks(rows, first);
  transpose_blocks(rows + 8, second);
#pragma GCC unroll 8
  for (std::size_t s = 0; s < 8; ++s, tile += 2 * kPanelStepBytes) {
    const __m512i fours = _mm512_inserti64x4(_mm512_castsi256_si512(first[s]), second[s], 1);
    _mm512_store_si512(tile, pairs_of(highest_byte(_mm512_slli_epi32(fours, 24)) * scale,
                                      highest_byte(_mm512_slli_epi32(fours, 16)) * scale));
    _mm512_store_si512(tile + kPanelStepBytes, pairs_of(highest_byte(_mm512_slli_epi32(fours, 8)) * scale,
                                                        highest_byte(fours) * scale));
  }
}

// Meanwhile the weights at `next`, as many, come into the second cache: so many short rows side by side are
// more than the processor foresees by itself.
void place_panel(const Q8Memory& m, const Q8Weights& weights, int panel, const std::byte* next) {
  const std::size_t ahead = weights.row_bytes * kLayout.outputs / (2 * m.blocks) + 1;  // a block
  for (int half = 0; half < 2; ++half) {
    const std::byte* rows[kLanes];
    for (int i = 0; i < kLanes; ++i) {
      // Beyond the last output the panel repeats it; those columns are never stored.
      const int output = panel * kLayout.outputs + half * kTileRows + i;
      const int there = output < weights.outputs ? output : weights.outputs - 1;
      rows[i] = weights.data + static_cast<std::size_t>(there) * weights.row_bytes;
    }
    std::byte* tile = m.panel + static_cast<std::size_t>(half) * kTileRowBytes;
    for (std::size_t b = 0; b < m.blocks; ++b, tile += kPanelTileBytes, next += ahead) {
      for (std::size_t i = 0; i < ahead; i += kAlignment) __builtin_prefetch(next + i, 0, 2);
      place_block(rows, tile);
      for (const std::byte*& row : rows) row += kBlockBytes;
    }
  }
}

std::size_t q8_product_bytes(int inputs, int rows) {
  const Q8Memory sized(inputs, rows, nullptr);
  return aligned(static_cast<std::size_t>(sized.end - static_cast<std::byte*>(nullptr)));
}

void q8_round(int inputs, const Rows& x, std::byte* memory) {
  const Q8Memory m(inputs, x.count, memory);
  for (int r = 0; r < x.count; ++r) {
    halve_row(m, static_cast<std::size_t>(r), x.data + static_cast<std::size_t>(r) * x.stride);
  }
}

void q8_product(const Q8Weights& weights, int begin, int end, int row_count, float* y, std::size_t y_stride,
                std::byte* memory) {
  const StripScope scope;
  const Q8Memory m(weights.inputs, row_count, memory);
  const int steps = static_cast<int>(m.blocks) * kTileRows;
  for (int panel = begin; panel < end; ++panel) {
    const int following = panel + 1 < end ? panel + 1 : panel;
    place_panel(m, weights, panel,
                weights.data + static_cast<std::size_t>(following * kLayout.outputs) * weights.row_bytes);
    const int column = panel * kLayout.outputs, columns = weights.outputs - column;
    each_strip(row_count, [&](int first, auto rows) {
      const auto row = static_cast<std::size_t>(first);
      const std::byte* a = m.rows_at + row * m.row_bytes;
      float* target = y + row * y_stride + column;
      if (columns >= kLayout.outputs) {
        return strip_to<Bf16>(a, m.row_bytes, m.panel, steps, rows, target, y_stride);
      }
      const auto sums = strip<Bf16>(a, m.row_bytes, m.panel, steps, rows);
      for (int r = 0; r < rows; ++r, target += y_stride) {
        for (int v = 0; v * kLanes < columns; ++v) {
          store(lanes_below(columns - v * kLanes), target + v * kLanes, sums.of[r][v]);
        }
      }
    });
  }
}

}  // namespace
}  // namespace plimsoll::kernels
