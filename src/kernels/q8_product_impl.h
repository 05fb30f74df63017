// Products with Q8_0 weights, for one instruction set.
#pragma once

#include "kernels/q8_product.h"
#include "kernels/strip.h"

namespace plimsoll::kernels {
namespace {

constexpr int kQ8Rows = 3;  // half of the registers sum up a block in integers, half all blocks in floats
constexpr std::size_t kBlockBytes = sizeof(std::uint16_t) + kQ8BlockInputs;
constexpr std::size_t kQ8StepBytes = kVectors * Q8::kVectorBytes;
constexpr std::size_t kPanelBlockBytes = Q8::kSteps * kQ8StepBytes;
// Of a panel: they stay in the first cache for all rows.
constexpr std::size_t kChunkBlocks = std::size_t{12} * 1024 / kPanelBlockBytes;
constexpr bool kShifted = Q8::kShift != 0;

// One panel of weights in order, and all rows of activations.
struct Q8Memory {
  Q8Memory(int inputs, int rows, std::byte* memory)
      : blocks(static_cast<std::size_t>(inputs / kQ8BlockInputs)),
        row_bytes(static_cast<std::size_t>(inputs) * Q8::kValueBytes),
        values(memory),
        scales(reinterpret_cast<float*>(values + blocks * kPanelBlockBytes)),
        starts(reinterpret_cast<int*>(scales + blocks * kLayout.outputs)),
        row_values(reinterpret_cast<std::byte*>(starts + (kShifted ? blocks * kLayout.outputs : 0))),
        row_scales(
            reinterpret_cast<float*>(row_values + aligned(row_bytes * static_cast<std::size_t>(rows)))),
        end(reinterpret_cast<std::byte*>(row_scales + blocks * static_cast<std::size_t>(rows))) {}

  std::size_t blocks, row_bytes;
  std::byte* values;      // [block][step][output]
  float* scales;          // [block][output]
  int* starts;            // [block][output], where activations are shifted: what takes that back
  std::byte* row_values;  // [row][input]
  float* row_scales;      // [row][block]
  std::byte* end;
};

void round_row(const Q8Memory& m, std::size_t row, const float* x) {
  std::byte* out = m.row_values + row * m.row_bytes;
  float* scales = m.row_scales + row * m.blocks;
  for (std::size_t b = 0; b < m.blocks; ++b, x += kQ8BlockInputs) {
    Vector highest{};
#pragma GCC unroll 4
    for (int i = 0; i < kQ8BlockInputs; i += kLanes) highest = max(highest, magnitude(load(All{}, x + i)));
    const float largest = most(highest);
    scales[b] = largest / Q8::kLimit;
    const Vector inverse = all(largest > 0 ? Q8::kLimit / largest : 0);
#pragma GCC unroll 4
    for (int i = 0; i < kQ8BlockInputs; i += kLanes, out += kLanes * Q8::kValueBytes) {
      Q8::store(All{}, out, fma(load(All{}, x + i), inverse, all(Q8::kShift)));
    }
  }
}

// Puts the weights of one vector's outputs into the panel; `rows` is where they stand.
void place_lanes(const Q8Memory& m, const std::byte* (&rows)[kLanes], std::size_t v) {
  for (std::size_t b = 0; b < m.blocks; ++b) {
    std::uint16_t halves[kLanes];
    for (int i = 0; i < kLanes; ++i) __builtin_memcpy(&halves[i], rows[i], sizeof(halves[i]));
    store(All{}, m.scales + b * kLayout.outputs + v * kLanes, from_float16(halves));
    Q8::place(rows, m.values + b * kPanelBlockBytes + v * Q8::kVectorBytes, kQ8StepBytes);
    for (const std::byte*& row : rows) row += kBlockBytes;
  }
}

void place_starts(const Q8Memory& m) {
  const auto offsets = Q8::broadcast(static_cast<int>(static_cast<unsigned>(Q8::kShift) * 0x01010101U));
  for (std::size_t b = 0; b < m.blocks; ++b) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      Words sum{};
      for (std::size_t s = 0; s < Q8::kSteps; ++s) {
        const std::byte* step = m.values + b * kPanelBlockBytes + s * kQ8StepBytes;
        sum = Q8::add(sum, offsets, Q8::weights(step + v * Q8::kVectorBytes, 0));
      }
      store_words(-sum, m.starts + b * kLayout.outputs + v * kLanes);
    }
  }
}

void place_panel(const Q8Memory& m, const Q8Weights& weights, int panel) {
  for (int v = 0; v < kVectors; ++v) {
    const std::byte* rows[kLanes];
    for (int i = 0; i < kLanes; ++i) {
      // Beyond the last output the panel repeats it; those columns are never stored.
      const int output = panel * kLayout.outputs + v * kLanes + i;
      const int there = output < weights.outputs ? output : weights.outputs - 1;
      rows[i] = weights.data + static_cast<std::size_t>(there) * weights.row_bytes;
    }
    place_lanes(m, rows, static_cast<std::size_t>(v));
  }
  if constexpr (kShifted) place_starts(m);
}

// Where results of one panel go.
struct Q8Target {
  float* y;
  std::size_t stride;
  int columns;  // those that are there
};

template <typename Lanes>
inline void add_to(Lanes lanes, float* y, Vector x, bool first) {
  store(lanes, y, first ? x : x + load(lanes, y));
}

// One block's integers for some rows.
template <int kCount>
inline __attribute__((always_inline)) Sums<Q8, kCount> block_sums(const Q8Memory& m, std::size_t block,
                                                                  const std::byte* a) {
  Sums<Q8, kCount> sums;
#pragma GCC unroll 4
  for (std::size_t v = 0; v < kVectors; ++v) {
    Words start{};
    if constexpr (kShifted) start = load_words(m.starts + block * kLayout.outputs + v * kLanes);
#pragma GCC unroll 3
    for (int r = 0; r < kCount; ++r) sums.of[r][v] = start;
  }
  const std::byte* panel = m.values + block * kPanelBlockBytes;
#pragma GCC unroll 16
  for (std::size_t s = 0; s < Q8::kSteps; ++s) {
    decltype(Q8::broadcast(0)) step[kQ8Rows];
#pragma GCC unroll 3
    for (std::size_t r = 0; r < kCount; ++r) step[r] = next_step<Q8>(a + r * m.row_bytes + s * kRowStepBytes);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto weights = Q8::weights(panel + s * kQ8StepBytes + v * Q8::kVectorBytes, 0);
#pragma GCC unroll 3
      for (int r = 0; r < kCount; ++r) sums.of[r][v] = Q8::add(sums.of[r][v], step[r], weights);
    }
  }
  return sums;
}

// Adds blocks `begin` to `end` of the panel to what is in the target; the first ones find nothing there.
template <int kCount>
void multiply_rows(const Q8Memory& m, std::size_t begin, std::size_t end, std::size_t row,
                   const Q8Target& target) {
  Sums<Bf16, kCount> totals{};  // of floats
  const std::byte* a = m.row_values + row * m.row_bytes + begin * kQ8BlockInputs * Q8::kValueBytes;
  const float* row_scales = m.row_scales + row * m.blocks;
  for (std::size_t b = begin; b < end; ++b, a += kQ8BlockInputs * Q8::kValueBytes) {
    const auto sums = block_sums<kCount>(m, b, a);
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const Vector scale = load(All{}, m.scales + b * kLayout.outputs + v * kLanes);
#pragma GCC unroll 3
      for (std::size_t r = 0; r < kCount; ++r) {
        const Vector both = scale * all(row_scales[r * m.blocks + b]);
        totals.of[r][v] = fma(floats(sums.of[r][v]), both, totals.of[r][v]);
      }
    }
  }
#pragma GCC unroll 3
  for (std::size_t r = 0; r < kCount; ++r) {
    float* y = target.y + (row + r) * target.stride;
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      const int left = target.columns - v * kLanes;
      if (left >= kLanes) {
        add_to(All{}, y + v * kLanes, totals.of[r][v], begin == 0);
      } else if (left > 0) {
        add_to(lanes_below(left), y + v * kLanes, totals.of[r][v], begin == 0);
      }
    }
  }
}

std::size_t q8_product_bytes(int inputs, int rows) {
  const Q8Memory sized(inputs, rows, nullptr);
  return aligned(static_cast<std::size_t>(sized.end - static_cast<std::byte*>(nullptr)));
}

void q8_round(int inputs, const Rows& x, std::byte* memory) {
  const Q8Memory m(inputs, x.count, memory);
  for (std::size_t r = 0; r < static_cast<std::size_t>(x.count); ++r) round_row(m, r, x.data + r * x.stride);
}

void q8_product(const Q8Weights& weights, int begin, int end, int row_count, float* y, std::size_t y_stride,
                std::byte* memory) {
  const Q8Memory m(weights.inputs, row_count, memory);
  const auto rows = static_cast<std::size_t>(row_count);
  for (int panel = begin; panel < end; ++panel) {
    place_panel(m, weights, panel);
    const int first = panel * kLayout.outputs;
    const Q8Target target{y + first, y_stride, weights.outputs - first};
    for (std::size_t b = 0; b < m.blocks; b += kChunkBlocks) {
      const std::size_t chunk_end = b + kChunkBlocks < m.blocks ? b + kChunkBlocks : m.blocks;
      std::size_t r = 0;
      for (; r + kQ8Rows <= rows; r += kQ8Rows) multiply_rows<kQ8Rows>(m, b, chunk_end, r, target);
      for (; r < rows; ++r) multiply_rows<1>(m, b, chunk_end, r, target);
    }
  }
}

}  // namespace
}  // namespace plimsoll::kernels
