// The processor may lack what this file is compiled for: it defines nothing else that others could call.
#include "kernels/table.h"

namespace plimsoll::kernels {

extern const Kernels kAmxKernels;
const Kernels kAmxKernels = kTable;

}  // namespace plimsoll::kernels
