#include <cstdlib>
#include <utility>

#include "device/cgroup.h"
#include "pressure/linux_sources.h"

namespace plimsoll {
namespace pressure {
namespace {

void append(PressureSources& sources, std::unique_ptr<PressureSource> source) {
  if (source) sources.push_back(std::move(source));
}

void append_psi(PressureSources& sources, const device::KernelFiles& files) {
  append(sources, open_psi_source(files, "/proc/pressure/memory", kPsiTrigger));
  for (const device::MemoryCgroup& cgroup : device::find_memory_cgroups(files)) {
    if (cgroup.version != device::CgroupVersion::v2) continue;
    // Our own tells all: a limit further out stalls our tasks too.
    append(sources, open_psi_source(files, cgroup.directories.front() / "memory.pressure", kPsiTrigger));
  }
}

// A limit further out speaks up in its own cgroup alone, so every one of them is watched.
void append_cgroup_events(PressureSources& sources, const device::KernelFiles& files) {
  for (const device::MemoryCgroup& cgroup : device::find_memory_cgroups(files)) {
    const bool is_v1 = cgroup.version == device::CgroupVersion::v1;
    if (is_v1) append(sources, open_oom_source(files, cgroup.directories.front()));
    for (const auto& directory : cgroup.directories) {
      append(sources, is_v1 ? open_pressure_level_source(files, directory)
                            : open_cgroup_events_source(files, directory));
    }
  }
}

void append_usage(PressureSources& sources, const device::KernelFiles& files, const DeviceMemory& memory) {
  for (const MemoryBound& bound : memory.bounds) {
    const std::filesystem::path limit = bound.source;
    if (limit.filename() != "memory.limit_in_bytes") continue;
    append(sources, open_usage_source(files, limit.parent_path(), bound.limit_bytes));
  }
}

}  // namespace

PressureSources open_linux_sources(const std::filesystem::path& root, const SystemdWatch& systemd) {
  PressureSources sources;
  if (is_switched_off(systemd)) return sources;
  const device::KernelFiles files(root);
  append(sources, open_systemd_source(systemd));
  if (sources.empty()) append_psi(sources, files);
  append_cgroup_events(sources, files);
  if (const auto memory = read_device_memory(root)) append_usage(sources, files, *memory);
  return sources;
}

}  // namespace pressure

PressureSources open_pressure_sources(const std::filesystem::path& root) {
  return pressure::open_linux_sources(
      root, {std::getenv("MEMORY_PRESSURE_WATCH"), std::getenv("MEMORY_PRESSURE_WRITE")});
}

}  // namespace plimsoll
