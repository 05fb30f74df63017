// Which kernels this processor runs. Constant while the program lives; thread-safe.
#pragma once

#include <string_view>

namespace plimsoll::kernels {

/// In which numbers matrices are multiplied; sums and everything between two products are 32-bit floats.
///   bf16  weights in bfloat16, activations in that or in 32 bits
///   int8  weights in 8 bits with a scale for each output, activations in 8 to 16 bits with one for each row
enum class Precision { bf16, int8 };

///   avx2    with FMA and F16C: nearly every x86-64 processor
///   avx512  with VNNI and BF16: four times the products a cycle
enum class InstructionSet { avx2, avx512 };

/// "avx2", "avx512".
std::string_view to_string(InstructionSet set);

/// Whether the processor has it; a build may still be without its kernels.
bool processor_has(InstructionSet set);

}  // namespace plimsoll::kernels
