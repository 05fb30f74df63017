// The words of vectors.h for processors with AVX-512, VNNI and BF16: 16 lanes.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

namespace plimsoll::kernels {
namespace {

constexpr int kLanes = 16;

// __m512i itself may stand for anything in memory, so that the compiler would write sums of it at each step.
using Vector = float __attribute__((vector_size(64)));
using Words = int __attribute__((vector_size(64)));
using Mask = __mmask16;

inline Mask lanes_below(int count) {
  if (count >= kLanes) return 0xffff;
  return count <= 0 ? Mask{0} : static_cast<Mask>((1U << count) - 1);
}

struct All {};  // in a mask's place

inline Vector load(All, const float* from) { return _mm512_loadu_ps(from); }
inline Vector load(Mask mask, const float* from) { return _mm512_maskz_loadu_ps(mask, from); }
inline void store(All, float* to, Vector x) { _mm512_storeu_ps(to, x); }
inline void store(Mask mask, float* to, Vector x) { _mm512_mask_storeu_ps(to, mask, x); }
inline Vector select(All, Vector x, Vector) { return x; }
inline Vector select(Mask mask, Vector x, Vector otherwise) { return _mm512_mask_mov_ps(otherwise, mask, x); }

inline Vector all(float x) { return _mm512_set1_ps(x); }
inline Vector fma(Vector a, Vector b, Vector c) { return _mm512_fmadd_ps(a, b, c); }
inline Vector min(Vector a, Vector b) { return _mm512_min_ps(a, b); }
inline Vector max(Vector a, Vector b) { return _mm512_max_ps(a, b); }
inline Vector magnitude(Vector x) { return _mm512_abs_ps(x); }
inline Vector round(Vector x) {
  return _mm512_roundscale_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
}
// x * 2^whole.
inline Vector scaled(Vector x, Vector whole) { return _mm512_scalef_ps(x, whole); }
inline float least(Vector x) { return _mm512_reduce_min_ps(x); }
inline float most(Vector x) { return _mm512_reduce_max_ps(x); }
inline float total(Vector x) { return _mm512_reduce_add_ps(x); }
inline int total(Words x) { return _mm512_reduce_add_epi32(reinterpret_cast<__m512i>(x)); }
// The total of each, in its lane.
inline Vector totals(const Vector (&x)[kLanes]) {
  __m512 twos[8], fours[4];
#pragma GCC unroll 8
  for (int i = 0; i < 8; ++i) {
    twos[i] = _mm512_unpacklo_ps(x[2 * i], x[2 * i + 1]) + _mm512_unpackhi_ps(x[2 * i], x[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; ++i) {
    const __m512d low = _mm512_castps_pd(twos[2 * i]), high = _mm512_castps_pd(twos[2 * i + 1]);
    fours[i] =
        _mm512_castpd_ps(_mm512_unpacklo_pd(low, high)) + _mm512_castpd_ps(_mm512_unpackhi_pd(low, high));
  }
  const auto quarters = [](__m512 a, __m512 b) {
    return _mm512_shuffle_f32x4(a, b, 0x88) + _mm512_shuffle_f32x4(a, b, 0xdd);
  };
  return quarters(quarters(fours[0], fours[1]), quarters(fours[2], fours[3]));
}
inline Words rounded(Vector x) { return reinterpret_cast<Words>(_mm512_cvtps_epi32(x)); }
inline Vector floats(Words x) { return _mm512_cvtepi32_ps(reinterpret_cast<__m512i>(x)); }
inline void store_words(Words x, int* to) { _mm512_storeu_si512(to, reinterpret_cast<__m512i>(x)); }
inline Words load_words(const int* from) { return reinterpret_cast<Words>(_mm512_loadu_si512(from)); }
// Of each the lowest byte.
inline void store_bytes(Words x, std::byte* to) {
  _mm_storeu_si128(reinterpret_cast<__m128i*>(to), _mm512_cvtepi32_epi8(reinterpret_cast<__m512i>(x)));
}

inline Vector from_float16(const std::uint16_t* from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
// Each half in the lower half of a word.
inline Words load_halves(Mask mask, const std::uint16_t* from) {
  return reinterpret_cast<Words>(_mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, from)));
}
inline void store_halves(Mask mask, std::uint16_t* to, Vector x) {
  _mm256_mask_storeu_epi16(to, mask, reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x)));
}
inline Words load_halves(All, const std::uint16_t* from) { return load_halves(Mask{0xffff}, from); }
inline void store_halves(All, std::uint16_t* to, Vector x) { store_halves(Mask{0xffff}, to, x); }

// ---- kinds of products: what is in a row's four bytes, and in a panel's step ------------------------------

struct Int8 {
  using Sum = Words;
  static constexpr std::size_t kParts = 1;  // four bytes of a row for one step
  static constexpr std::size_t kVectorBytes = 64;
  static constexpr std::size_t kValueBytes = 1;  // of a row

  static __m512i weights(const std::byte* from, std::size_t) { return _mm512_load_si512(from); }
  static Sum add(Sum sum, __m512i row, __m512i weights) {
    return reinterpret_cast<Sum>(_mm512_dpbusd_epi32(reinterpret_cast<__m512i>(sum), row, weights));
  }
  static __m512i broadcast(int bytes) { return _mm512_set1_epi32(bytes); }

  // Activations are stored as x / scale + zero, from 0 to 255.
  static void choose(float low, float high, int, float& scale, float& zero) {
    scale = high > low ? (high - low) / 255 : 1;
    zero = __builtin_rintf(-low / scale);
  }
  static void store(Mask mask, std::byte* to, Vector x) {
    const __m512i whole = _mm512_max_epi32(_mm512_cvtps_epi32(x), _mm512_setzero_si512());
    _mm512_mask_cvtusepi32_storeu_epi8(to, mask, whole);
  }
  static void store(All, std::byte* to, Vector x) { store(Mask{0xffff}, to, x); }
};

struct Bf16 {
  using Sum = Vector;
  static constexpr std::size_t kParts = 1;
  static constexpr std::size_t kVectorBytes = 64;
  static constexpr std::size_t kValueBytes = 2;

  static __m512i weights(const std::byte* from, std::size_t) { return _mm512_load_si512(from); }
  static Sum add(Sum sum, __m512i row, __m512i weights) {
    return _mm512_dpbf16_ps(sum, reinterpret_cast<__m512bh>(row), reinterpret_cast<__m512bh>(weights));
  }
  static __m512i broadcast(int bytes) { return _mm512_set1_epi32(bytes); }
  template <typename Lanes>
  static void store(Lanes lanes, std::byte* to, Vector x) {
    store_halves(lanes, reinterpret_cast<std::uint16_t*>(to), x);
  }
};

inline Vector numbers(Vector sum) { return sum; }
inline Vector numbers(Words sum) { return floats(sum); }

}  // namespace
}  // namespace plimsoll::kernels
