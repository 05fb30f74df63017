// The C heap, which nobody charges but everybody uses.
#pragma once

#include <cstdint>

namespace plimsoll::memory {

/// Has the heap keep little that is not in use: few arenas, because glibc makes one a thread and trims only
/// the first well, and large blocks as mappings of their own. For main(), before other threads run.
void keep_heap_small();

/// Returns the heap's unused pages to the operating system. Blocking, up to tens of milliseconds.
void trim_heap();

/// How often that was done since the program began. Thread-safe.
std::uint64_t heap_trims();

}  // namespace plimsoll::memory
