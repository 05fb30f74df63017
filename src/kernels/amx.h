// AMX beside AVX-512: sums of 16 rows and 16 outputs are tiles, panels have 32 outputs, four of eight tiles
// sum up. What surrounds products is AVX-512's.
#pragma once

#include "kernels/avx512_words.h"
#include "kernels/packed_matrix.h"

namespace plimsoll::kernels {
namespace {

constexpr InstructionSet kSet = InstructionSet::amx;
constexpr PanelLayout kLayout{.outputs = 32, .int8_inputs = 4, .bf16_inputs = 2, .whole_steps = 16};
constexpr int kQ8LeastRows = 3;
constexpr int kRowBlock = 128;
constexpr int kLongRowBlock = 32;

// Attention: queries, keys, values and shares in bfloat16.
struct Attended : Bf16 {
  static constexpr bool kWhole = false;
  static constexpr float kLimit = 0, kValueLimit = 0, kShareExponent = 0;
  static constexpr int kChunkRows = 0x7ffffffe;
};

}  // namespace
}  // namespace plimsoll::kernels
