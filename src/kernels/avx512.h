// The inner loops that all products share. Included only by files that are compiled for AVX-512: everything
// is in an unnamed namespace, so that none of it serves code that must run elsewhere.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/packed_matrix.h"

namespace plimsoll::kernels {
namespace {

constexpr int kStripRows = 6;  // 6 rows and 64 outputs: 24 of 32 registers sum up
constexpr int kLanes = 16;
constexpr int kVectors = kPanelOutputs / kLanes;  // of a panel's step

// __m512i itself may stand for anything in memory, so that the compiler would write sums of it at each step.
using Int32x16 = int __attribute__((vector_size(64)));

struct Int8 {
  using Sum = Int32x16;
  static Sum zero() { return Sum{}; }
  static Sum add(Sum sum, __m512i a, __m512i b) {
    return reinterpret_cast<Sum>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), a, b));
  }
};

using Float32x16 = float __attribute__((vector_size(64)));

struct Bf16 {
  using Sum = Float32x16;
  static Sum zero() { return Sum{}; }
  static Sum add(Sum sum, __m512i a, __m512i b) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(a), reinterpret_cast<__m512bh>(b));
  }
};

inline __m512i next_step(const std::byte* a) {
  int bytes;
  __builtin_memcpy(&bytes, a, sizeof(bytes));
  return _mm512_set1_epi32(bytes);
}

// Of each row and the panel's 64 outputs.
template <typename Kind, int kRows>
struct Sums {
  typename Kind::Sum of[static_cast<std::size_t>(kRows)][kVectors];
};

// Rows of a times one panel. The sums are its own until it returns them: what others can see would be written
// to memory at each step.
template <typename Kind, int kRows>
inline __attribute__((always_inline)) Sums<Kind, kRows> strip(const std::byte* a, std::size_t stride_bytes,
                                                              const std::byte* panel, int step_count) {
  Sums<Kind, kRows> sums;
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums.of[r][v] = Kind::zero();
  }
  const auto count = static_cast<std::size_t>(step_count);
  for (std::size_t s = 0; s < count; ++s) {
    __m512i b[kVectors];
#pragma GCC unroll 4
    for (std::size_t v = 0; v < kVectors; ++v) b[v] = _mm512_load_si512(panel + (s * kVectors + v) * 64);
#pragma GCC unroll 6
    for (int r = 0; r < kRows; ++r) {
      const __m512i step = next_step(a + static_cast<std::size_t>(r) * stride_bytes + s * kStepBytes);
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) sums.of[r][v] = Kind::add(sums.of[r][v], step, b[v]);
    }
  }
  return sums;
}

// Calls visit.template operator()<R>(first) for strips of R rows.
template <typename Visit>
inline __attribute__((always_inline)) void each_strip(int rows, Visit visit) {
  int first = 0;
  for (; first + kStripRows <= rows; first += kStripRows) visit.template operator()<kStripRows>(first);
  switch (rows - first) {
    case 5:
      return visit.template operator()<5>(first);
    case 4:
      return visit.template operator()<4>(first);
    case 3:
      return visit.template operator()<3>(first);
    case 2:
      return visit.template operator()<2>(first);
    case 1:
      return visit.template operator()<1>(first);
    default:
      return;
  }
}

// The lanes of vector `v` that are below `count`.
inline __mmask16 lanes_below(int count, int v) {
  const int left = count - v * kLanes;
  if (left >= kLanes) return 0xffff;
  return left <= 0 ? __mmask16{0} : static_cast<__mmask16>((1U << left) - 1);
}

// 2^x, relative error below 3e-7; 0 far below zero.
inline __m512 exp2_of(__m512 x) {
  x = _mm512_max_ps(x, _mm512_set1_ps(-200));
  const __m512 whole = _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
  const __m512 rest = _mm512_sub_ps(x, whole);
  // Taylor's series of 2^x around 0, to the 6th power: |x| <= 1/2.
  __m512 power = _mm512_set1_ps(1.540353039e-4F);
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(1.333355815e-3F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(9.618129108e-3F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(5.550410866e-2F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(2.402265070e-1F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(6.931471806e-1F));
  power = _mm512_fmadd_ps(power, rest, _mm512_set1_ps(1));
  return _mm512_scalef_ps(power, whole);
}

}  // namespace
}  // namespace plimsoll::kernels
