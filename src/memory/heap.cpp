#include "memory/heap.h"

#include <atomic>
#include <cstdlib>

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace plimsoll::memory {

namespace {

std::atomic<std::uint64_t> trims = 0;

}  // namespace

void keep_heap_small() {
#if defined(__GLIBC__)
  constexpr int kLargeBlockBytes = 1 << 20;
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, kLargeBlockBytes);  // otherwise it grows with the blocks that are freed
  mallopt(M_TRIM_THRESHOLD, kLargeBlockBytes);
#endif
}

void trim_heap() {
  ++trims;
#if defined(__GLIBC__)
  malloc_trim(0);
#endif
}

std::uint64_t heap_trims() { return trims; }

}  // namespace plimsoll::memory
