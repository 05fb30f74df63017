#include "memory/heap.h"

#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace plimsoll::memory {

void keep_heap_small() {
#if defined(__GLIBC__)
  constexpr int kLargeBlockBytes = 1 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLargeBlockBytes);  // otherwise it grows with the blocks that are freed
  mallopt(M_TRIM_THRESHOLD, kLargeBlockBytes);
#endif
}

void trim_heap() {
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

}  // namespace plimsoll::memory
