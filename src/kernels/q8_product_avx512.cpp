#include "kernels/avx512.h"
#include "kernels/q8_product.h"

namespace plimsoll::kernels {

namespace {

constexpr int kRows = 3;                 // 12 sums of a block in integers, 12 of all blocks in floats
constexpr std::size_t kChunkBlocks = 6;  // of a panel, 16 KiB: they stay in the first cache for all rows
constexpr int kSteps = kQ8BlockInputs / kStepBytes;
constexpr std::size_t kBlockBytes = 2 + kQ8BlockInputs;
constexpr std::size_t kPanelBlockBytes = std::size_t{kSteps} * kPanelOutputs * kStepBytes;
constexpr int kOffset = 128;  // the processor multiplies unsigned with signed: activations are shifted up

constexpr std::size_t kAlignment = 64;
std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

// One panel of weights in order, and all rows of activations.
struct Memory {
  Memory(int inputs, int rows, std::byte* memory)
      : blocks(static_cast<std::size_t>(inputs / kQ8BlockInputs)),
        row_bytes(static_cast<std::size_t>(inputs)),
        values(memory),
        scales(reinterpret_cast<float*>(values + blocks * kPanelBlockBytes)),
        starts(reinterpret_cast<int*>(scales + blocks * kPanelOutputs)),
        row_values(reinterpret_cast<std::byte*>(starts + blocks * kPanelOutputs)),
        row_scales(
            reinterpret_cast<float*>(row_values + aligned(row_bytes * static_cast<std::size_t>(rows)))),
        end(reinterpret_cast<std::byte*>(row_scales + blocks * static_cast<std::size_t>(rows))) {}

  std::size_t blocks, row_bytes;
  std::byte* values;      // [block][step][output] of four bytes
  float* scales;          // [block][output]
  int* starts;            // [block][output]: what takes the activations' offset back
  std::byte* row_values;  // [row][input]
  float* row_scales;      // [row][block]
  std::byte* end;
};

void round_row(const Memory& m, std::size_t row, const float* x) {
  std::byte* out = m.row_values + row * m.row_bytes;
  float* scales = m.row_scales + row * m.blocks;
  const __m512 sign = _mm512_set1_ps(-0.0F);
  for (std::size_t b = 0; b < m.blocks; ++b, x += kQ8BlockInputs, out += kQ8BlockInputs) {
    const __m512 low = _mm512_loadu_ps(x), high = _mm512_loadu_ps(x + kLanes);
    const float largest =
        _mm512_reduce_max_ps(_mm512_max_ps(_mm512_andnot_ps(sign, low), _mm512_andnot_ps(sign, high)));
    scales[b] = largest / 127;
    const __m512 inverse = _mm512_set1_ps(largest > 0 ? 127 / largest : 0);
    const __m512i offset = _mm512_set1_epi32(kOffset);
    const __m512i first = _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(low, inverse)), offset);
    const __m512i second = _mm512_add_epi32(_mm512_cvtps_epi32(_mm512_mul_ps(high, inverse)), offset);
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out), _mm512_cvtepi32_epi8(first));
    _mm_storeu_si128(reinterpret_cast<__m128i*>(out + kLanes), _mm512_cvtepi32_epi8(second));
  }
}

// Where the weights of 16 outputs stand at the moment.
struct Sixteen {
  const std::byte* of[kLanes];
};

// Four bytes of each of eight outputs a vector, eight times.
void transpose(const std::byte* const* rows, __m256i (&out)[kSteps]) {
  __m256i r[8], pairs[8], fours[8];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) r[i] = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(rows[i] + 2));
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    pairs[2 * i] = _mm256_unpacklo_epi32(r[2 * i], r[2 * i + 1]);
    pairs[2 * i + 1] = _mm256_unpackhi_epi32(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int half = 0; half < 8; half += 4) {
    fours[half] = _mm256_unpacklo_epi64(pairs[half], pairs[half + 2]);
    fours[half + 1] = _mm256_unpackhi_epi64(pairs[half], pairs[half + 2]);
    fours[half + 2] = _mm256_unpacklo_epi64(pairs[half + 1], pairs[half + 3]);
    fours[half + 3] = _mm256_unpackhi_epi64(pairs[half + 1], pairs[half + 3]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    out[i] = _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x20);
    out[i + 4] = _mm256_permute2x128_si256(fours[i], fours[i + 4], 0x31);
  }
}

// Puts 16 outputs' weights into the panel, from column 16 * v on.
void place_sixteen(const Memory& m, Sixteen rows, std::size_t v) {
  for (std::size_t b = 0; b < m.blocks; ++b) {
    unsigned short halves[kLanes];
    for (int i = 0; i < kLanes; ++i) __builtin_memcpy(&halves[i], rows.of[i], sizeof(halves[i]));
    const __m256i scales = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(halves));
    _mm512_store_ps(m.scales + b * kPanelOutputs + v * kLanes, _mm512_cvtph_ps(scales));
    __m256i first[kSteps], second[kSteps];
    transpose(rows.of, first);
    transpose(rows.of + 8, second);
#pragma GCC unroll 8
    for (std::size_t s = 0; s < kSteps; ++s) {
      const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(first[s]), second[s], 1);
      _mm512_store_si512(m.values + b * kPanelBlockBytes + (s * kVectors + v) * kAlignment, both);
    }
    for (const std::byte*& row : rows.of) row += kBlockBytes;
  }
}

void place_panel(const Memory& m, const Q8Weights& weights, int panel) {
  for (int v = 0; v < kVectors; ++v) {
    Sixteen rows;
    for (int i = 0; i < kLanes; ++i) {
      // Beyond the last output the panel repeats it; those columns are never stored.
      const int output = panel * kPanelOutputs + v * kLanes + i;
      const int there = output < weights.outputs ? output : weights.outputs - 1;
      rows.of[i] = weights.data + static_cast<std::size_t>(there) * weights.row_bytes;
    }
    place_sixteen(m, rows, static_cast<std::size_t>(v));
  }
  const __m512i offsets = _mm512_set1_epi8(static_cast<char>(kOffset));
  for (std::size_t b = 0; b < m.blocks; ++b) {
    for (std::size_t v = 0; v < kVectors; ++v) {
      Int32x16 sum = Int8::zero();
      for (std::size_t s = 0; s < kSteps; ++s) {
        sum = Int8::add(sum, offsets,
                        _mm512_load_si512(m.values + b * kPanelBlockBytes + (s * kVectors + v) * kAlignment));
      }
      _mm512_store_si512(m.starts + b * kPanelOutputs + v * kLanes,
                         _mm512_sub_epi32(_mm512_setzero_si512(), reinterpret_cast<__m512i>(sum)));
    }
  }
}

// Adds blocks `begin` to `end` of the panel to what is in y; the first ones find nothing there.
template <int kCount>
void multiply_rows(const Memory& m, std::size_t begin, std::size_t end, std::size_t row, float* y,
                   std::size_t stride, int columns) {
  Sums<Bf16, kCount> totals;  // of floats
#pragma GCC unroll 3
  for (std::size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      totals.of[r][v] = begin == 0 ? Bf16::zero()
                                   : reinterpret_cast<Float32x16>(_mm512_maskz_loadu_ps(
                                         lanes_below(columns, v), y + r * stride + v * kLanes));
    }
  }
  const std::byte* a = m.row_values + row * m.row_bytes + begin * kQ8BlockInputs;
  const float* row_scales = m.row_scales + row * m.blocks;
  for (std::size_t b = begin; b < end; ++b, a += kQ8BlockInputs) {
    Sums<Int8, kCount> sums;
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const auto start =
          reinterpret_cast<Int32x16>(_mm512_load_si512(m.starts + b * kPanelOutputs + v * kLanes));
#pragma GCC unroll 3
      for (int r = 0; r < kCount; ++r) sums.of[r][v] = start;
    }
    const std::byte* panel = m.values + b * kPanelBlockBytes;
#pragma GCC unroll 8
    for (std::size_t s = 0; s < kSteps; ++s) {
      __m512i step[kRows];
#pragma GCC unroll 3
      for (std::size_t r = 0; r < kCount; ++r) step[r] = next_step(a + r * m.row_bytes + s * kStepBytes);
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        const __m512i weights = _mm512_load_si512(panel + (s * kVectors + v) * kAlignment);
#pragma GCC unroll 3
        for (int r = 0; r < kCount; ++r) sums.of[r][v] = Int8::add(sums.of[r][v], step[r], weights);
      }
    }
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) {
      const __m512 scale = _mm512_load_ps(m.scales + b * kPanelOutputs + v * kLanes);
#pragma GCC unroll 3
      for (std::size_t r = 0; r < kCount; ++r) {
        const __m512 both = _mm512_mul_ps(scale, _mm512_set1_ps(row_scales[r * m.blocks + b]));
        const __m512 value = _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sums.of[r][v]));
        totals.of[r][v] = _mm512_fmadd_ps(value, both, totals.of[r][v]);
      }
    }
  }
#pragma GCC unroll 3
  for (std::size_t r = 0; r < kCount; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) {
      _mm512_mask_storeu_ps(y + r * stride + v * kLanes, lanes_below(columns, v), totals.of[r][v]);
    }
  }
}

}  // namespace

std::size_t q8_product_bytes(int inputs, int rows) {
  const Memory sized(inputs, rows, nullptr);
  return aligned(static_cast<std::size_t>(sized.end - static_cast<std::byte*>(nullptr)));
}

void q8_product(const Q8Weights& weights, int begin, int end, const Rows& x, float* y, std::size_t y_stride,
                std::byte* memory) {
  const Memory m(weights.inputs, x.count, memory);
  const auto rows = static_cast<std::size_t>(x.count);
  for (std::size_t r = 0; r < rows; ++r) round_row(m, r, x.data + r * x.stride);
  for (int panel = begin; panel < end; ++panel) {
    place_panel(m, weights, panel);
    float* out = y + panel * kPanelOutputs;
    const int columns = weights.outputs - panel * kPanelOutputs;
    for (std::size_t b = 0; b < m.blocks; b += kChunkBlocks) {
      const std::size_t chunk_end = b + kChunkBlocks < m.blocks ? b + kChunkBlocks : m.blocks;
      std::size_t r = 0;
      for (; r + kRows <= rows; r += kRows) {
        multiply_rows<kRows>(m, b, chunk_end, r, out + r * y_stride, y_stride, columns);
      }
      for (; r < rows; ++r) multiply_rows<1>(m, b, chunk_end, r, out + r * y_stride, y_stride, columns);
    }
  }
}

}  // namespace plimsoll::kernels
