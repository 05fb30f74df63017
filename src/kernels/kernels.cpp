#include "kernels/kernels.h"

namespace plimsoll::kernels {

#ifdef PLIMSOLL_KERNELS

extern const Kernels kAvx2Kernels, kAvx512Kernels;

const Kernels* kernels_of(InstructionSet set) {
  if (!processor_has(set)) return nullptr;
  return set == InstructionSet::avx2 ? &kAvx2Kernels : &kAvx512Kernels;
}

#else

const Kernels* kernels_of(InstructionSet) { return nullptr; }

#endif

const Kernels* best_kernels() {
  const Kernels* widest = kernels_of(InstructionSet::avx512);
  return widest != nullptr ? widest : kernels_of(InstructionSet::avx2);
}

}  // namespace plimsoll::kernels
