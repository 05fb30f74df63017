// What a model leaves behind when it has gone: freed buffers in the pool, unused pages in the heap.
#pragma once

#include <plimsoll/device.h>
#include <plimsoll/memory.h>

#include <functional>

#include "memory/heap.h"

namespace plimsoll {

/// Gives both to the operating system, on the ultra low class in two rounds more (spec section 4): what the
/// heap lets go of in one round, the next one finds. Blocking, up to tens of milliseconds a round.
void give_back_leftovers(MemoryPool& pool, DeviceMemoryTier tier,
                         const std::function<void()>& trim_heap = memory::trim_heap);

}  // namespace plimsoll
