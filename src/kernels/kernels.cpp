#include "kernels/kernels.h"

namespace plimsoll::kernels {

#ifdef PLIMSOLL_KERNELS

extern const Kernels kAvx2Kernels, kAvx512Kernels, kAmxKernels;

const Kernels* kernels_of(InstructionSet set) {
  if (!processor_has(set)) return nullptr;
  switch (set) {
    case InstructionSet::avx2:
      return &kAvx2Kernels;
    case InstructionSet::avx512:
      return &kAvx512Kernels;
    case InstructionSet::amx:
      return &kAmxKernels;
  }
  return nullptr;
}

#else

const Kernels* kernels_of(InstructionSet) { return nullptr; }

#endif

const Kernels* best_kernels() {
  static const Kernels* const best = [] {
    const Kernels* found = nullptr;
    for (const InstructionSet set : kInstructionSets) {
      if (const Kernels* there = kernels_of(set)) found = there;
    }
    return found;
  }();
  return best;
}

}  // namespace plimsoll::kernels
