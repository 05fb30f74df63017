// The memory control groups that this process lives in, versions 1 and 2: where their directories are,
// and what they allow. Thread-safe.
#pragma once

#include <plimsoll/device.h>

#include <filesystem>
#include <vector>

#include "device/kernel_files.h"

namespace plimsoll::device {

enum class CgroupVersion { v1, v2 };

/// This process's place in one hierarchy. Paths are as the user sees them; not all need exist.
struct MemoryCgroup {
  CgroupVersion version = CgroupVersion::v2;
  std::vector<std::filesystem::path> directories;  // our own first, the mount point last; never empty
};

/// At most one of each version. Where our own directory can not be seen from here (another cgroup
/// namespace), the mount point stands for it: that is the limit the container was given.
std::vector<MemoryCgroup> find_memory_cgroups(const KernelFiles& files);

/// Every limit that is a number, from inner to outer, however large.
std::vector<MemoryBound> read_cgroup_bounds(const KernelFiles& files);

}  // namespace plimsoll::device
