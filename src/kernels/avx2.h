// AVX2 with FMA and F16C, in the words of vectors.h: 8 lanes, panels of 16 outputs, 12 of 16 registers sum
// up.
#pragma once

#include <immintrin.h>

#include <cstddef>
#include <cstdint>

#include "kernels/packed_matrix.h"
#include "kernels/transpose.h"

namespace plimsoll::kernels {
namespace {

constexpr InstructionSet kSet = InstructionSet::avx2;
constexpr PanelLayout kLayout{.outputs = 16, .int8_inputs = 2, .bf16_inputs = 2};
constexpr int kQ8LeastRows = 8;
constexpr int kRowBlock = 48;
constexpr int kLongRowBlock = 8;
constexpr int kLanes = 8;

// Not __m256i, which may stand for anything in memory: sums of it would be written at each step.
using Vector = float __attribute__((vector_size(32)));
using Words = int __attribute__((vector_size(32)));
struct Mask {
  Words lanes;
  int count;
};

inline __m256i bits(Words x) { return reinterpret_cast<__m256i>(x); }
inline Words words(__m256i x) { return reinterpret_cast<Words>(x); }

inline Mask lanes_below(int count) {
  return {words(_mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7))),
          count};
}

struct All {};  // in a mask's place

inline Vector load(All, const float* from) { return _mm256_loadu_ps(from); }
inline Vector load(Mask mask, const float* from) { return _mm256_maskload_ps(from, bits(mask.lanes)); }
inline void store(All, float* to, Vector x) { _mm256_storeu_ps(to, x); }
inline void store(Mask mask, float* to, Vector x) { _mm256_maskstore_ps(to, bits(mask.lanes), x); }
inline Vector select(All, Vector x, Vector) { return x; }
inline Vector select(Mask mask, Vector x, Vector otherwise) {
  return _mm256_blendv_ps(otherwise, x, reinterpret_cast<Vector>(mask.lanes));
}

inline Vector all(float x) { return _mm256_set1_ps(x); }
inline Vector fma(Vector a, Vector b, Vector c) { return _mm256_fmadd_ps(a, b, c); }
inline Vector min(Vector a, Vector b) { return _mm256_min_ps(a, b); }
inline Vector max(Vector a, Vector b) { return _mm256_max_ps(a, b); }
inline Vector magnitude(Vector x) { return _mm256_andnot_ps(_mm256_set1_ps(-0.0F), x); }
inline Vector round(Vector x) { return _mm256_round_ps(x, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }
inline Words rounded(Vector x) { return words(_mm256_cvtps_epi32(x)); }
inline Vector floats(Words x) { return _mm256_cvtepi32_ps(bits(x)); }
// x * 2^whole, which is a normal number.
inline Vector scaled(Vector x, Vector whole) {
  return reinterpret_cast<Vector>(reinterpret_cast<Words>(x) + (rounded(whole) << 23));
}

template <typename Join>
inline float joined(Vector x, Join join) {
  __m128 half = join(_mm256_castps256_ps128(x), _mm256_extractf128_ps(x, 1));
  half = join(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(join(half, _mm_movehdup_ps(half)));
}
inline float least(Vector x) {
  return joined(x, [](__m128 a, __m128 b) { return _mm_min_ps(a, b); });
}
inline float most(Vector x) {
  return joined(x, [](__m128 a, __m128 b) { return _mm_max_ps(a, b); });
}
inline float total(Vector x) {
  return joined(x, [](__m128 a, __m128 b) { return _mm_add_ps(a, b); });
}
// The total of each, in its lane.
inline Vector totals(const Vector (&x)[kLanes]) {
  __m256 fours[2];
#pragma GCC unroll 2
  for (int i = 0; i < 2; ++i) {
    const Vector* four = x + 4 * i;
    fours[i] = _mm256_hadd_ps(_mm256_hadd_ps(four[0], four[1]), _mm256_hadd_ps(four[2], four[3]));
  }
  return _mm256_permute2f128_ps(fours[0], fours[1], 0x20) + _mm256_permute2f128_ps(fours[0], fours[1], 0x31);
}
inline int total(Words x) {
  int sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += x[lane];
  return sum;
}

inline void store_words(Words x, int* to) { _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bits(x)); }
inline Words load_words(const int* from) {
  return words(_mm256_loadu_si256(reinterpret_cast<const __m256i*>(from)));
}
// Of words that fit, 16 bits.
inline __m128i narrowed(Words x) {
  return _mm_packs_epi32(_mm256_castsi256_si128(bits(x)), _mm256_extracti128_si256(bits(x), 1));
}
inline void store_bytes(Words x, std::byte* to) {
  const __m128i narrow = narrowed(x);
  _mm_storel_epi64(reinterpret_cast<__m128i*>(to), _mm_packs_epi16(narrow, narrow));
}

// The first lanes of a vector of 16 bits each.
inline void store_some(Mask mask, void* to, __m128i x) {
  __builtin_memcpy(to, &x, static_cast<std::size_t>(mask.count) * sizeof(std::uint16_t));
}
inline void store_some(All, void* to, __m128i x) { _mm_storeu_si128(static_cast<__m128i*>(to), x); }

inline Vector from_float16(const std::uint16_t* from) {
  return _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from)));
}
// Each half in the lower half of a word.
inline Words load_halves(All, const std::uint16_t* from) {
  return words(_mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(from))));
}
inline Words load_halves(Mask mask, const std::uint16_t* from) {
  __m128i halves = _mm_setzero_si128();
  __builtin_memcpy(&halves, from, static_cast<std::size_t>(mask.count) * sizeof(std::uint16_t));
  return words(_mm256_cvtepu16_epi32(halves));
}
// Rounded to the nearest, ties to even.
template <typename Lanes>
inline void store_halves(Lanes lanes, std::uint16_t* to, Vector x) {
  const Words value = reinterpret_cast<Words>(x);
  const __m256i odd = _mm256_and_si256(_mm256_srli_epi32(bits(value), 16), _mm256_set1_epi32(1));
  const __m256i up = _mm256_add_epi32(bits(value + 0x7fff), odd);
  const __m256i half = _mm256_srli_epi32(up, 16);
  store_some(lanes, to, _mm_packus_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1)));
}

// ---- kinds of products: what is in a row's four bytes, and in a panel's step ------------------------------

inline void store_int16(Mask mask, std::byte* to, Vector x) { store_some(mask, to, narrowed(rounded(x))); }
inline void store_int16(All, std::byte* to, Vector x) { store_some(All{}, to, narrowed(rounded(x))); }

// Two products of 16 bits a lane. Weights are widened once for all rows of a strip.
struct Int8 {
  using Sum = Words;
  static constexpr std::size_t kParts = 1;  // four bytes of a row for one step
  static constexpr std::size_t kVectorBytes = 16;
  static constexpr std::size_t kValueBytes = 2;  // of a row

  static __m256i weights(const std::byte* from, std::size_t) {
    return _mm256_cvtepi8_epi16(_mm_load_si128(reinterpret_cast<const __m128i*>(from)));
  }
  static Sum add(Sum sum, __m256i row, __m256i weights) {
    sum += words(_mm256_madd_epi16(row, weights));
    __asm__("" : "+x"(sum));  // or GCC keeps the products of many steps, to add them up as a tree
    return sum;
  }
  static __m256i broadcast(int bytes) { return _mm256_set1_epi32(bytes); }

  // As many bits as a sum of 32 bits has room for: 14 for 768 inputs, 11 for 12288.
  static void choose(float low, float high, int inputs, float& scale, float& zero) {
    const float largest = high > -low ? high : -low;
    const float room = static_cast<float>(0x7fffffff / 128 / inputs);
    const float limit = room > 32767 ? 32767 : room < 1 ? 1 : room;
    scale = largest > 0 ? largest / limit : 1;
    zero = 0;
  }
  template <typename Lanes>
  static void store(Lanes lanes, std::byte* to, Vector x) {
    store_int16(lanes, to, x);
  }
};

// Weights become floats in registers: first the lower halves of a step, then the upper ones.
struct Bf16 {
  using Sum = Vector;
  static constexpr std::size_t kParts = 2;
  static constexpr std::size_t kVectorBytes = 32;
  static constexpr std::size_t kValueBytes = sizeof(float);

  static Vector weights(const std::byte* from, std::size_t part) {
    const __m256i both = _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
    return _mm256_castsi256_ps(part == 0 ? _mm256_slli_epi32(both, 16)
                                         : _mm256_and_si256(both, _mm256_set1_epi32(-0x10000)));
  }
  static Sum add(Sum sum, Vector row, Vector weights) { return fma(row, weights, sum); }
  static Vector broadcast(int bytes) { return all(__builtin_bit_cast(float, bytes)); }
  template <typename Lanes>
  static void store(Lanes lanes, std::byte* to, Vector x) {
    kernels::store(lanes, reinterpret_cast<float*>(to), x);
  }
};

// Blocks of Q8_0 put in order, widened already; activations have 15 bits.
struct Q8 : Int8 {
  static constexpr float kLimit = 32767, kShift = 0;
  static constexpr std::size_t kVectorBytes = 32;
  static constexpr std::size_t kSteps = 16;  // of a block

  static __m256i weights(const std::byte* from, std::size_t) {
    return _mm256_load_si256(reinterpret_cast<const __m256i*>(from));
  }
  // A block of each of 8 outputs.
  static void place(const std::byte* const* blocks, std::byte* to, std::size_t step_bytes) {
    __m256i fours[8];
    transpose_blocks(blocks, fours);
    // Bytes 0 and 1 of a word into the upper halves of its two parts, then bytes 2 and 3.
    const __m256i spread =
        _mm256_broadcastsi128_si256(_mm_setr_epi8(-1, 0, -1, 1, -1, 4, -1, 5, -1, 8, -1, 9, -1, 12, -1, 13));
    const __m256i next = _mm256_broadcastsi128_si256(
        _mm_setr_epi8(-1, 2, -1, 3, -1, 6, -1, 7, -1, 10, -1, 11, -1, 14, -1, 15));
#pragma GCC unroll 8
    for (std::size_t i = 0; i < 8; ++i) {
      auto* out = to + 2 * i * step_bytes;
      _mm256_store_si256(reinterpret_cast<__m256i*>(out),
                         _mm256_srai_epi16(_mm256_shuffle_epi8(fours[i], spread), 8));
      _mm256_store_si256(reinterpret_cast<__m256i*>(out + step_bytes),
                         _mm256_srai_epi16(_mm256_shuffle_epi8(fours[i], next), 8));
    }
  }
};

inline Vector numbers(Vector sum) { return sum; }
inline Vector numbers(Words sum) { return floats(sum); }

// Attention: whole numbers of 16 bits, twice as fast as floats. Queries, keys and values have scales, shares
// are up to 2^14; no sum passes 32 bits, for heads up to 64 wide, and for as many rows as are summed up at a
// time.
struct Attended : Q8 {
  static constexpr bool kWhole = true;
  static constexpr float kLimit = 5791, kValueLimit = 2047, kShareExponent = 14;
  static constexpr int kChunkRows = 64;
};

}  // namespace
}  // namespace plimsoll::kernels
