#include "kernels/cpu.h"

namespace plimsoll::kernels {

bool available() {
#ifdef PLIMSOLL_AVX512
  static const bool here = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512dq") &&
                           __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
  return here;
#else
  return false;
#endif
}

}  // namespace plimsoll::kernels
