// Products with Q8_0 weights by tiles. A panel of weights becomes bfloat16 once for all rows, in cache: bytes
// would have to leave the tiles after every block, for their scales. Weights keep their order and stand on
// the left of the product, so that it is the few activations that are put in pairs, and results come out
// with outputs one below the other. Activations are bfloat16, too, which is more than the 8 bits of ggml's
// own kernels.
#pragma once

#include "kernels/q8_product.h"
#include "kernels/strip.h"

namespace plimsoll::kernels {
namespace {

constexpr std::size_t kBlockBytes = sizeof(std::uint16_t) + kQ8BlockInputs;
constexpr std::size_t kTileBytes = kTileRows * kTileRowBytes;
static_assert(kQ8BlockInputs == 2 * kTileRows);   // a block is a tile of pairs
static_assert(kLayout.outputs == 2 * kTileRows);  // a panel is two tiles of outputs

// One panel of weights in order, and all rows of activations.
struct Q8Memory {
  Q8Memory(int inputs, int row_count, std::byte* memory)
      : blocks(static_cast<std::size_t>(inputs / kQ8BlockInputs)),
        row_tiles((static_cast<std::size_t>(row_count) + kTileRows - 1) / kTileRows),
        panel(memory),
        rows(panel + 2 * blocks * kTileBytes),
        sums(rows + row_tiles * blocks * kTileBytes),
        end(sums + 4 * kTileBytes) {}

  std::size_t blocks, row_tiles;
  std::byte* panel;  // [block][half of the panel][output][input]
  std::byte* rows;   // [tile of rows][block][pair of inputs][row]
  std::byte* sums;   // [tile][output][row]
  std::byte* end;
};

// 16 vectors of 16 words become columns of what they were rows of.
inline void transpose_words(__m512i (&x)[kTileRows]) {
  __m512i y[kTileRows];
#pragma GCC unroll 8
  for (int i = 0; i < kTileRows; i += 2) {
    y[i] = _mm512_unpacklo_epi32(x[i], x[i + 1]);
    y[i + 1] = _mm512_unpackhi_epi32(x[i], x[i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < kTileRows; i += 4) {
    x[i] = _mm512_unpacklo_epi64(y[i], y[i + 2]);
    x[i + 1] = _mm512_unpackhi_epi64(y[i], y[i + 2]);
    x[i + 2] = _mm512_unpacklo_epi64(y[i + 1], y[i + 3]);
    x[i + 3] = _mm512_unpackhi_epi64(y[i + 1], y[i + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    y[i] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0x88);
    y[i + 4] = _mm512_shuffle_i32x4(x[i], x[i + 4], 0xdd);
    y[i + 8] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0x88);
    y[i + 12] = _mm512_shuffle_i32x4(x[i + 8], x[i + 12], 0xdd);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    x[i] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0x88);
    x[i + 8] = _mm512_shuffle_i32x4(y[i], y[i + 8], 0xdd);
  }
}

inline __m512i halves_of(Vector low, Vector high) {
  return reinterpret_cast<__m512i>(_mm512_cvtne2ps_pbh(high, low));
}

// The weights of one block, for what they stand for.
inline __m512i halves_of(const std::byte* block) {
  short scale;
  __builtin_memcpy(&scale, block, sizeof(scale));
  const Vector unit = _mm512_cvtph_ps(_mm256_set1_epi16(scale));
  const auto* bytes = reinterpret_cast<const __m128i*>(block + sizeof(scale));
  const auto floats_of = [](__m128i sixteen) { return _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(sixteen)); };
  return halves_of(floats_of(_mm_loadu_si128(bytes)) * unit, floats_of(_mm_loadu_si128(bytes + 1)) * unit);
}

// Meanwhile the weights at `next`, as many, come into the second cache: so many short rows side by side are
// more than the processor foresees by itself.
void place_panel(const Q8Memory& m, const Q8Weights& weights, int panel, const std::byte* next) {
  const std::size_t ahead = weights.row_bytes * kLayout.outputs / (2 * m.blocks) + 1;  // a block
  for (int half = 0; half < 2; ++half) {
    const std::byte* rows[kTileRows];
    for (int i = 0; i < kTileRows; ++i) {
      // Beyond the last output the panel repeats it; those are never stored.
      const int output = panel * kLayout.outputs + half * kTileRows + i;
      const int there = output < weights.outputs ? output : weights.outputs - 1;
      rows[i] = weights.data + static_cast<std::size_t>(there) * weights.row_bytes;
    }
    std::byte* tile = m.panel + static_cast<std::size_t>(half) * kTileBytes;
    for (std::size_t b = 0; b < m.blocks; ++b, tile += 2 * kTileBytes, next += ahead) {
      for (std::size_t i = 0; i < ahead; i += kAlignment) __builtin_prefetch(next + i, 0, 2);
#pragma GCC unroll 16
      for (int i = 0; i < kTileRows; ++i) {
        _mm512_store_si512(tile + static_cast<std::size_t>(i) * kTileRowBytes, halves_of(rows[i]));
        rows[i] += kBlockBytes;
      }
    }
  }
}

// Rows `first` to `first` + 16, those that are there, in pairs of inputs.
void place_rows(const Q8Memory& m, const Rows& x, std::size_t tile) {
  std::byte* out = m.rows + tile * m.blocks * kTileBytes;
  const int first = static_cast<int>(tile) * kTileRows;
  for (std::size_t b = 0; b < m.blocks; ++b, out += kTileBytes) {
    __m512i words[kTileRows];
#pragma GCC unroll 16
    for (int r = 0; r < kTileRows; ++r) {
      words[r] = _mm512_setzero_si512();
      if (first + r >= x.count) continue;
      const float* row = x.data + static_cast<std::size_t>(first + r) * x.stride + b * kQ8BlockInputs;
      words[r] = halves_of(load(All{}, row), load(All{}, row + kLanes));
    }
    transpose_words(words);
#pragma GCC unroll 16
    for (std::size_t p = 0; p < kTileRows; ++p) _mm512_store_si512(out + p * kTileRowBytes, words[p]);
  }
}

std::size_t q8_product_bytes(int inputs, int rows) {
  const Q8Memory sized(inputs, rows, nullptr);
  return static_cast<std::size_t>(sized.end - static_cast<std::byte*>(nullptr));
}

void q8_round(int inputs, const Rows& x, std::byte* memory) {
  const Q8Memory m(inputs, x.count, memory);
  for (std::size_t tile = 0; tile < m.row_tiles; ++tile) place_rows(m, x, tile);
}

// The panel times one tile of rows, or two.
template <bool kTwo>
void multiply_tiles(const Q8Memory& m, std::size_t row_tile) {
  const std::byte* a = m.panel;
  const std::byte* b = m.rows + row_tile * m.blocks * kTileBytes;
  const std::size_t second = m.blocks * kTileBytes;
  zero_tile<0>();
  zero_tile<2>();
  if constexpr (kTwo) zero_tile<1>();
  if constexpr (kTwo) zero_tile<3>();
  for (std::size_t i = 0; i < m.blocks; ++i, a += 2 * kTileBytes, b += kTileBytes) {
    load_tile<4>(a, kTileRowBytes);
    load_tile<6>(b, kTileRowBytes);
    add_bf16<0, 4, 6>();
    load_tile<5>(a + kTileBytes, kTileRowBytes);
    add_bf16<2, 5, 6>();
    if constexpr (kTwo) {
      load_tile<7>(b + second, kTileRowBytes);
      add_bf16<1, 4, 7>();
      add_bf16<3, 5, 7>();
    }
  }
  store_tile<0>(m.sums, kTileRowBytes);
  store_tile<2>(m.sums + 2 * kTileBytes, kTileRowBytes);
  if constexpr (kTwo) store_tile<1>(m.sums + kTileBytes, kTileRowBytes);
  if constexpr (kTwo) store_tile<3>(m.sums + 3 * kTileBytes, kTileRowBytes);
}

// One tile of sums to where its rows want it; the first `rows` and `columns` are there.
void store_sums(const std::byte* tile, float* y, std::size_t y_stride, int rows, int columns) {
  __m512i words[kTileRows];
#pragma GCC unroll 16
  for (std::size_t i = 0; i < kTileRows; ++i) words[i] = _mm512_load_si512(tile + i * kTileRowBytes);
  transpose_words(words);
  alignas(64) float turned[kTileRows][kLanes];
#pragma GCC unroll 16
  for (int r = 0; r < kTileRows; ++r) _mm512_store_si512(turned[r], words[r]);
  for (int r = 0; r < rows && r < kTileRows; ++r, y += y_stride) {
    store(lanes_below(columns), y, load(All{}, turned[r]));
  }
}

void q8_product(const Q8Weights& weights, int begin, int end, int rows, float* y, std::size_t y_stride,
                std::byte* memory) {
  const TileScope scope;
  const Q8Memory m(weights.inputs, rows, memory);
  for (int panel = begin; panel < end; ++panel) {
    const int following = panel + 1 < end ? panel + 1 : panel;
    place_panel(m, weights, panel,
                weights.data + static_cast<std::size_t>(following * kLayout.outputs) * weights.row_bytes);
    for (std::size_t tile = 0; tile < m.row_tiles; tile += 2) {
      const bool two = tile + 1 < m.row_tiles;
      two ? multiply_tiles<true>(m, tile) : multiply_tiles<false>(m, tile);
      for (int sum = 0; sum < 4; ++sum) {
        const int row = (static_cast<int>(tile) + sum % 2) * kTileRows;
        const int column = panel * kLayout.outputs + sum / 2 * kTileRows;
        if (row >= rows || column >= weights.outputs) continue;
        store_sums(m.sums + static_cast<std::size_t>(sum) * kTileBytes,
                   y + static_cast<std::size_t>(row) * y_stride + column, y_stride, rows - row,
                   weights.outputs - column);
      }
    }
  }
}

}  // namespace
}  // namespace plimsoll::kernels
