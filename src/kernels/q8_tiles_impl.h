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
        // An odd number of lines: rows of one tile shall not meet in one set of the first cache.
        row_bytes((blocks | 1) * kTileRowBytes),
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

// Puts the next block of 16 outputs into one tile of the panel; `rows` is where they stand.
inline void place_block(const std::byte* const* rows, std::byte* tile) {
  std::uint16_t halves[kLanes];
  for (int i = 0; i < kLanes; ++i) __builtin_memcpy(&halves[i], rows[i], sizeof(halves[i]));
  const Vector scale = from_float16(halves);
  __m256i first[8], second[8];
  transpose_blocks(rows, first);
  transpose_blocks(rows + 8, second);
#pragma GCC unroll 8
  for (std::size_t s = 0; s < 8; ++s, tile += 2 * kPanelStepBytes) {
    const auto fours =
        reinterpret_cast<Words>(_mm512_inserti64x4(_mm512_castsi256_si512(first[s]), second[s], 1));
    _mm512_store_si512(tile, pairs_of(floats(fours << 24 >> 24) * scale, floats(fours << 16 >> 24) * scale));
    _mm512_store_si512(tile + kPanelStepBytes,
                       pairs_of(floats(fours << 8 >> 24) * scale, floats(fours >> 24) * scale));
  }
}

void place_panel(const Q8Memory& m, const Q8Weights& weights, int panel) {
  for (int half = 0; half < 2; ++half) {
    const std::byte* rows[kLanes];
    for (int i = 0; i < kLanes; ++i) {
      // Beyond the last output the panel repeats it; those columns are never stored.
      const int output = panel * kLayout.outputs + half * kTileRows + i;
      const int there = output < weights.outputs ? output : weights.outputs - 1;
      rows[i] = weights.data + static_cast<std::size_t>(there) * weights.row_bytes;
    }
    std::byte* tile = m.panel + static_cast<std::size_t>(half) * kTileRowBytes;
    for (std::size_t b = 0; b < m.blocks; ++b, tile += kPanelTileBytes) {
      place_block(rows, tile);
      for (const std::byte*& row : rows) row += kBlockBytes;
    }
  }
}

std::size_t q8_product_bytes(int inputs, int rows) {
  const Q8Memory sized(inputs, rows, nullptr);
  return aligned(static_cast<std::size_t>(sized.end - static_cast<std::byte*>(nullptr)));
}

void q8_product(const Q8Weights& weights, int begin, int end, const Rows& x, float* y, std::size_t y_stride,
                std::byte* memory) {
  const StripScope scope;
  const Q8Memory m(weights.inputs, x.count, memory);
  for (int r = 0; r < x.count; ++r) {
    halve_row(m, static_cast<std::size_t>(r), x.data + static_cast<std::size_t>(r) * x.stride);
  }
  const int steps = static_cast<int>(m.blocks) * kTileRows;
  for (int panel = begin; panel < end; ++panel) {
    place_panel(m, weights, panel);
    const int column = panel * kLayout.outputs, columns = weights.outputs - column;
    each_strip(x.count, [&](int first, auto rows) {
      const auto row = static_cast<std::size_t>(first);
      const auto sums = strip<Bf16>(m.rows_at + row * m.row_bytes, m.row_bytes, m.panel, steps, rows);
      for (int r = 0; r < rows; ++r) {
        float* target = y + (row + static_cast<std::size_t>(r)) * y_stride + column;
        for (int v = 0; v < kVectors; ++v) {
          const int left = columns - v * kLanes;
          if (left >= kLanes) {
            store(All{}, target + v * kLanes, sums.of[r][v]);
          } else if (left > 0) {
            store(lanes_below(left), target + v * kLanes, sums.of[r][v]);
          }
        }
      }
    });
  }
}

}  // namespace
}  // namespace plimsoll::kernels
