#include <plimsoll/device.h>

#include <algorithm>

#include "device/cgroup.h"
#include "device/kernel_files.h"

namespace plimsoll {
namespace {

// MemAvailable is the kernel's own estimate; before Linux 3.14 it has to be made from its parts.
std::uint64_t available_of(std::string_view meminfo) {
  const auto bytes = [&](std::string_view key) {
    return device::find_kib_as_bytes(meminfo, key).value_or(0);
  };
  if (const auto available = device::find_kib_as_bytes(meminfo, "MemAvailable")) return *available;
  const std::uint64_t cached = bytes("Cached");  // shared memory is in it and can not be dropped
  return bytes("MemFree") + bytes("Buffers") + cached - std::min(cached, bytes("Shmem"));
}

Expected<MemoryBound> read_physical_memory(const device::KernelFiles& files) {
  const auto meminfo = files.read("/proc/meminfo");
  if (!meminfo) return fail(ErrorCode::io, "/proc/meminfo can not be read; is /proc mounted?");
  const std::uint64_t total = device::find_kib_as_bytes(*meminfo, "MemTotal").value_or(0);
  if (total == 0)
    return fail(ErrorCode::io, "/proc/meminfo does not say how much memory there is (MemTotal)");
  return MemoryBound{std::string(kPhysicalMemory), total, std::min(total, available_of(*meminfo))};
}

}  // namespace

Expected<DeviceMemory> read_device_memory(const std::filesystem::path& root) {
  const device::KernelFiles files(root);
  auto physical = read_physical_memory(files);
  if (!physical) return tl::unexpected(std::move(physical.error()));

  DeviceMemory memory;
  memory.physical_bytes = physical->limit_bytes;
  memory.bounds.push_back(std::move(*physical));
  for (MemoryBound& bound : device::read_cgroup_bounds(files)) {
    const bool binds = bound.limit_bytes > 0 && bound.limit_bytes < memory.physical_bytes;
    if (binds) memory.bounds.push_back(std::move(bound));
  }

  const auto tightest = std::min_element(
      memory.bounds.begin(), memory.bounds.end(),
      [](const MemoryBound& a, const MemoryBound& b) { return a.limit_bytes < b.limit_bytes; });
  const auto fullest = std::min_element(
      memory.bounds.begin(), memory.bounds.end(),
      [](const MemoryBound& a, const MemoryBound& b) { return a.available_bytes < b.available_bytes; });
  memory.effective_bytes = tightest->limit_bytes;
  memory.effective_source = tightest->source;
  memory.available_bytes = fullest->available_bytes;
  return memory;
}

}  // namespace plimsoll
