#include <mach/mach.h>
#include <plimsoll/device.h>
#include <sys/sysctl.h>

#include <algorithm>

namespace plimsoll {
namespace {

// Free pages and those that the system takes back before it compresses anything.
std::uint64_t available_bytes() {
  vm_statistics64_data_t pages{};
  mach_msg_type_number_t count = HOST_VM_INFO64_COUNT;
  const auto out = reinterpret_cast<host_info64_t>(&pages);
  if (host_statistics64(mach_host_self(), HOST_VM_INFO64, out, &count) != KERN_SUCCESS) return 0;
  return (std::uint64_t{pages.free_count} + pages.inactive_count) * vm_kernel_page_size;
}

}  // namespace

Expected<DeviceMemory> read_device_memory(const std::filesystem::path&) {
  std::uint64_t bytes = 0;
  std::size_t size = sizeof(bytes);
  if (sysctlbyname("hw.memsize", &bytes, &size, nullptr, 0) != 0 || bytes == 0) {
    return fail(ErrorCode::io, "the system does not say how much memory there is (hw.memsize)");
  }
  const std::string source(kPhysicalMemory);
  const std::uint64_t available = std::min(bytes, available_bytes());
  return DeviceMemory{bytes, bytes, available, source, {{source, bytes, available}}};
}

}  // namespace plimsoll
