// Which of these kernels this processor runs. Constant while the program lives; thread-safe.
#pragma once

namespace plimsoll::kernels {

/// In which numbers matrices are multiplied; sums and everything between two products are 32-bit floats.
///   bf16  both sides in bfloat16
///   int8  weights in 8 bits with a scale for each output, activations in 8 bits with a range for each row
enum class Precision { bf16, int8 };

/// Whether both are there: x86-64 with AVX-512 VNNI and BF16, and a build for it.
bool available();

}  // namespace plimsoll::kernels
