// What the machine has: how much memory this process may really use, who says so, and the class
// that follows from it. All functions are thread-safe; they read small kernel files (well under
// 1 ms) and never allocate more than those files need.
#pragma once

#include <plimsoll/error.h>
#include <plimsoll/size.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// The source of the bound that every machine has.
inline constexpr std::string_view kPhysicalMemory = "physical memory";

/// One upper bound on this process's memory and where it was read.
struct MemoryBound {
  std::string source;  // kPhysicalMemory, or the path of the cgroup file
  std::uint64_t limit_bytes = 0;
  // What is left below this bound: the limit less what is in use and can not be reclaimed
  // (page cache that the kernel drops on demand does not count as used).
  std::uint64_t available_bytes = 0;
};

struct DeviceMemory {
  std::uint64_t physical_bytes = 0;   // MemTotal of the machine
  std::uint64_t effective_bytes = 0;  // the smallest limit of all bounds: what classes are made from
  std::uint64_t available_bytes = 0;  // the smallest availability of all bounds
  std::string effective_source;       // the bound that decided `effective_bytes`
  std::vector<MemoryBound> bounds;    // physical memory first, then cgroups from inner to outer
};

/// Reads /proc/meminfo, /proc/self/cgroup, /proc/self/mountinfo and every memory cgroup (v1 and v2)
/// from this process's own up to the root of what it can see. Limits that are "max", zero,
/// malformed, or larger than physical memory bind nothing and are left out.
/// `root` is prefixed to every path, so that a test can hand in a declared tree.
/// Fails with `io` when physical memory itself can not be read.
Expected<DeviceMemory> read_device_memory(const std::filesystem::path& root = "/");

/// What this process occupies, in bytes.
struct ProcessFootprint {
  std::uint64_t resident_bytes = 0;   // VmRSS: anonymous and file pages that are in memory now
  std::uint64_t anonymous_bytes = 0;  // RssAnon: of those, what only swapping could take away
  std::uint64_t virtual_bytes = 0;    // VmSize: all mappings, what RLIMIT_AS limits
  std::uint64_t data_bytes = 0;       // VmData: private writable mappings, what RLIMIT_DATA limits
  std::uint64_t peak_bytes = 0;       // VmHWM: the highest resident_bytes since the process began
};

/// Reads /proc/self/status. Fails with `io` where that file is missing.
Expected<ProcessFootprint> read_process_footprint(const std::filesystem::path& root = "/");

/// How much of what is there is in use, seen from the bound that is nearest to its limit.
struct MemoryUse {
  std::uint64_t used_bytes = 0;
  std::uint64_t capacity_bytes = 0;
  std::string source;  // "this process", or the path of the cgroup file that sets the capacity
};

/// The larger share of: what this process has resident, of the effective memory; what a memory cgroup above
/// us can not reclaim, of its limit. A cgroup counts its neighbours too: its limit kills whoever passes it.
MemoryUse memory_use_of(const ProcessFootprint& footprint, const DeviceMemory& memory);

/// memory_use_of() what read_process_footprint() and read_device_memory() read now; fails as they do.
Expected<MemoryUse> read_memory_use(const std::filesystem::path& root = "/");

/// Device classes of spec section 1.
enum class DeviceMemoryTier { ultra_low, low, standard, high };

/// The ways to draw the class boundaries (spec section 1) and to use what a class has.
///   legacy     what the original app did; kept to compare with
///   quick_fix  the same configurations, thresholds moved
///   tiered     honest classes; the default
///   fitted     the classes of `tiered` as ceilings; below them the plan decides (plan.h)
enum class Strategy { legacy, quick_fix, tiered, fitted };

/// "ultra low", "low", "standard", "high".
std::string_view to_string(DeviceMemoryTier tier);

/// "legacy", "quick-fix", "tiered", "fitted".
std::string_view to_string(Strategy strategy);

std::optional<Strategy> strategy_from_string(std::string_view name);

/// The class of a device with `memory_bytes`. Boundaries belong to the lower class.
DeviceMemoryTier classify_device(Strategy strategy, std::uint64_t memory_bytes);

}  // namespace plimsoll
