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
///   amx     AVX-512 and tiles for bytes and bfloat16: up to eight times that
enum class InstructionSet { avx2, avx512, amx };

/// All of them, the slowest first.
inline constexpr InstructionSet kInstructionSets[] = {InstructionSet::avx2, InstructionSet::avx512,
                                                      InstructionSet::amx};

/// "avx2", "avx512", "amx".
std::string_view to_string(InstructionSet set);

/// Whether the processor has it and the system lets this process use it; a build may still be without its
/// kernels.
bool processor_has(InstructionSet set);

}  // namespace plimsoll::kernels
