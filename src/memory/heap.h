// The C heap, which nobody charges but everybody uses.
#pragma once

namespace plimsoll::memory {

/// Returns the heap's unused pages to the operating system. Blocking, up to tens of milliseconds.
void trim_heap();

}  // namespace plimsoll::memory
