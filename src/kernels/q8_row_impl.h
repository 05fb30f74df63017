// One row times Q8_0 weights, as when an answer is written: each weight is used once, so that all depends on
// how fast they come from memory. For files that are compiled for AVX-512.
#pragma once

#include "kernels/q8_product.h"
#include "kernels/vectors.h"

namespace plimsoll::kernels {
namespace {

// The processor foresees no more than a page; measured: 1.4 times faster than without.
constexpr std::size_t kBytesAhead = 4096;
constexpr std::size_t kPairBytes = 2 * (sizeof(std::uint16_t) + kQ8BlockInputs);
constexpr std::size_t kBlockWords = kQ8BlockInputs / 4;

// A row in pairs of blocks; where their number is odd the last pair's second is zero.
struct Q8Row {
  Q8Row(int inputs, std::byte* memory)
      : blocks(static_cast<std::size_t>(inputs / kQ8BlockInputs)),
        pairs((blocks + 1) / 2),
        values(memory),
        starts(reinterpret_cast<int*>(values + pairs * kAlignment)),
        scales(reinterpret_cast<float*>(starts + pairs * kLanes)),
        end(reinterpret_cast<std::byte*>(scales + pairs * kLanes)) {}

  std::size_t blocks, pairs;
  std::byte* values;  // [pair][input]
  int* starts;        // [pair][four inputs]: takes back that weights are shifted up, to be unsigned
  float* scales;      // [pair][four inputs]
  std::byte* end;
};

std::size_t q8_row_bytes(int inputs) {
  return static_cast<std::size_t>(Q8Row(inputs, nullptr).end - static_cast<std::byte*>(nullptr));
}

void round_q8_row(int inputs, const float* x, std::byte* memory) {
  const Q8Row row(inputs, memory);
  __builtin_memset(memory, 0, static_cast<std::size_t>(row.end - memory));
  for (std::size_t b = 0; b < row.blocks; ++b, x += kQ8BlockInputs) {
    const Vector low = load(All{}, x), high = load(All{}, x + kLanes);
    const float largest = most(max(magnitude(low), magnitude(high)));
    const Vector inverse = all(largest > 0 ? 127 / largest : 0);
    std::byte* values = row.values + b * kQ8BlockInputs;
    store_bytes(rounded(low * inverse), values);
    store_bytes(rounded(high * inverse), values + kLanes);
    for (std::size_t i = 0; i < kBlockWords; ++i) {
      int sum = 0;
      for (std::size_t j = 0; j < 4; ++j) sum += static_cast<std::int8_t>(values[4 * i + j]);
      row.starts[b * kBlockWords + i] = -128 * sum;
      row.scales[b * kBlockWords + i] = largest / 127;
    }
  }
}

inline __m256i block_at(const std::byte* at) {
  return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(at + sizeof(std::uint16_t)));
}
inline short scale_at(const std::byte* at) {
  short bits;
  __builtin_memcpy(&bits, at, sizeof(bits));
  return bits;
}

// What a pair of blocks adds; `scales` in half precision, for four inputs each.
inline Vector add_pair(Vector sum, const Q8Row& row, std::size_t pair, __m512i weights, __m256i scales) {
  const __m512i shifted = _mm512_xor_si512(weights, _mm512_set1_epi8(-128));
  const __m512i whole = _mm512_dpbusd_epi32(_mm512_load_si512(row.starts + pair * kLanes), shifted,
                                            _mm512_load_si512(row.values + pair * kLanes * 4));
  const Vector unit = _mm512_cvtph_ps(scales) * load(All{}, row.scales + pair * kLanes);
  return fma(floats(reinterpret_cast<Words>(whole)), unit, sum);
}

float q8_dot(const Q8Row& row, const std::byte* weights) {
  Vector sum{};
  const std::size_t whole_pairs = row.blocks / 2;
  for (std::size_t p = 0; p < whole_pairs; ++p, weights += kPairBytes) {
    __builtin_prefetch(weights + kBytesAhead);
    const std::byte* second = weights + kPairBytes / 2;
    const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(block_at(weights)), block_at(second), 1);
    const __m256i scales =
        _mm256_mask_set1_epi16(_mm256_set1_epi16(scale_at(weights)), 0xff00, scale_at(second));
    sum = add_pair(sum, row, p, both, scales);
  }
  if (whole_pairs < row.pairs) {
    sum = add_pair(sum, row, whole_pairs, _mm512_zextsi256_si512(block_at(weights)),
                   _mm256_set1_epi16(scale_at(weights)));
  }
  return total(sum);
}

void q8_row_product(const Q8Weights& weights, int begin, int end, const std::byte* rounded, float* y) {
  const Q8Row row(weights.inputs, const_cast<std::byte*>(rounded));  // only read
  for (int output = begin; output < end; ++output) {
    y[output] = q8_dot(row, weights.data + static_cast<std::size_t>(output) * weights.row_bytes);
  }
}

constexpr RowProduct kRowProduct{.bytes = q8_row_bytes, .round = round_q8_row, .multiply = q8_row_product};

}  // namespace
}  // namespace plimsoll::kernels
