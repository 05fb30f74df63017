// AVX-512 with VNNI and BF16: panels of 64 outputs, 24 of 32 registers sum up.
#pragma once

#include "kernels/avx512_words.h"
#include "kernels/packed_matrix.h"
#include "kernels/transpose.h"

namespace plimsoll::kernels {
namespace {

constexpr InstructionSet kSet = InstructionSet::avx512;
constexpr PanelLayout kLayout{.outputs = 64, .int8_inputs = 4, .bf16_inputs = 2};
constexpr int kQ8LeastRows = 6;
constexpr int kRowBlock = 48;
constexpr int kLongRowBlock = 8;

// Attention: queries, keys, values and shares in bfloat16.
struct Attended : Bf16 {
  static constexpr bool kWhole = false;
  static constexpr float kLimit = 0, kValueLimit = 0, kShareExponent = 0;
  static constexpr int kChunkRows = 0x7ffffffe;
};

// Blocks of Q8_0 put in order; activations are shifted up, because unsigned is multiplied with signed.
struct Q8 : Int8 {
  static constexpr float kLimit = 127, kShift = 128;
  static constexpr std::size_t kSteps = 8;  // of a block

  // A block of each of 16 outputs.
  static void place(const std::byte* const* blocks, std::byte* to, std::size_t step_bytes) {
    __m256i first[8], second[8];
    transpose_blocks(blocks, first);
    transpose_blocks(blocks + 8, second);
#pragma GCC unroll 8
    for (std::size_t s = 0; s < kSteps; ++s) {
      const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(first[s]), second[s], 1);
      _mm512_store_si512(to + s * step_bytes, both);
    }
  }
};

}  // namespace
}  // namespace plimsoll::kernels
