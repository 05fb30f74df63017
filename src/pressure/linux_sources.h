// The sources of memory pressure that Linux has. Each function is nullptr where the file is missing, or where
// the kernel refuses: no machine has them all, and containers hide most. Thread-safe.
#pragma once

#include <plimsoll/pressure.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>

#include "device/kernel_files.h"

namespace plimsoll::pressure {

/// Tasks that stall on memory for 10% of the time. The window is 2 s because the kernel takes no other
/// multiple from users without CAP_SYS_RESOURCE; the figures are those that systemd defaults to.
/// The kernel reads the trigger up to its NUL.
inline constexpr std::string_view kPsiTrigger{"some 200000 2000000", sizeof("some 200000 2000000")};

/// A warning when the pressure stall information of `path` passes `trigger`; an empty one is not written.
std::unique_ptr<PressureSource> open_psi_source(const device::KernelFiles& files,
                                                const std::filesystem::path& path, std::string_view trigger);

/// The memory events of one cgroup of version 2: a warning when it was out of memory, a check when it was
/// used up to memory.high or memory.max.
std::unique_ptr<PressureSource> open_cgroup_events_source(const device::KernelFiles& files,
                                                          const std::filesystem::path& directory);

/// A warning when this cgroup of version 1, or one around it, is out of memory.
std::unique_ptr<PressureSource> open_oom_source(const device::KernelFiles& files,
                                                const std::filesystem::path& directory);

/// A check when the kernel finds little to reclaim in one cgroup of version 1.
std::unique_ptr<PressureSource> open_pressure_level_source(const device::KernelFiles& files,
                                                           const std::filesystem::path& directory);

/// A check when the use of one cgroup of version 1 passes kWarningPercent or kCriticalPercent of its limit.
std::unique_ptr<PressureSource> open_usage_source(const device::KernelFiles& files,
                                                  const std::filesystem::path& directory,
                                                  std::uint64_t limit_bytes);

/// What systemd tells a service to watch: the values of $MEMORY_PRESSURE_WATCH and $MEMORY_PRESSURE_WRITE,
/// nullptr where they are not set.
struct SystemdWatch {
  const char* watch = nullptr;
  const char* write = nullptr;
};

/// The administrator wants no watching.
bool is_switched_off(const SystemdWatch& systemd);

/// A warning when what systemd named speaks up. Also nullptr where it named nothing, or something malformed.
std::unique_ptr<PressureSource> open_systemd_source(const SystemdWatch& systemd);

/// All that this machine has.
PressureSources open_linux_sources(const std::filesystem::path& root, const SystemdWatch& systemd);

}  // namespace plimsoll::pressure
