#include "kernels/cpu.h"

namespace plimsoll::kernels {

std::string_view to_string(InstructionSet set) { return set == InstructionSet::avx2 ? "avx2" : "avx512"; }

#if defined(__x86_64__)
bool processor_has(InstructionSet set) {
  static const bool avx2 =
      __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("f16c");
  static const bool avx512 = avx2 && __builtin_cpu_supports("avx512f") &&
                             __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
                             __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vnni") &&
                             __builtin_cpu_supports("avx512bf16");
  return set == InstructionSet::avx2 ? avx2 : avx512;
}
#else
bool processor_has(InstructionSet) { return false; }
#endif

}  // namespace plimsoll::kernels
