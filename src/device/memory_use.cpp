#include <plimsoll/device.h>

namespace plimsoll {
namespace {

double share_of(const MemoryUse& use) {
  return static_cast<double>(use.used_bytes) / static_cast<double>(use.capacity_bytes);
}

}  // namespace

MemoryUse memory_use_of(const ProcessFootprint& footprint, const DeviceMemory& memory) {
  MemoryUse fullest{footprint.resident_bytes, memory.effective_bytes, "this process"};
  for (const MemoryBound& bound : memory.bounds) {
    // What others take of physical memory is theirs (spec section 5): the kernel's warnings tell of that.
    if (bound.source == kPhysicalMemory) continue;
    MemoryUse use{bound.limit_bytes - bound.available_bytes, bound.limit_bytes, bound.source};
    if (share_of(use) > share_of(fullest)) fullest = std::move(use);
  }
  return fullest;
}

Expected<MemoryUse> read_memory_use(const std::filesystem::path& root) {
  const auto footprint = read_process_footprint(root);
  if (!footprint) return tl::unexpected(footprint.error());
  const auto memory = read_device_memory(root);
  if (!memory) return tl::unexpected(memory.error());
  return memory_use_of(*footprint, *memory);
}

}  // namespace plimsoll
