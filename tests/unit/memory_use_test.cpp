#include <gtest/gtest.h>
#include <plimsoll/device.h>

#include "tests/kernel_tree.h"

namespace plimsoll {
namespace {

ProcessFootprint resident(std::uint64_t bytes) {
  ProcessFootprint footprint;
  footprint.resident_bytes = bytes;
  return footprint;
}

// 8 GiB with little left, bound to 1 GiB by one cgroup and to 2 GiB by the one around it.
DeviceMemory nested_device(std::uint64_t inner_available, std::uint64_t outer_available) {
  DeviceMemory memory;
  memory.physical_bytes = 8 * kGiB;
  memory.effective_bytes = kGiB;
  memory.bounds = {{std::string(kPhysicalMemory), 8 * kGiB, kMiB},
                   {"/inner/memory.max", kGiB, inner_available},
                   {"/outer/memory.max", 2 * kGiB, outer_available}};
  return memory;
}

void expect_use(const MemoryUse& use, std::uint64_t used, std::uint64_t capacity, const std::string& source) {
  EXPECT_EQ(use.used_bytes, used);
  EXPECT_EQ(use.capacity_bytes, capacity);
  EXPECT_EQ(use.source, source);
}

TEST(MemoryUse, IsWhatTheProcessHasResidentOfTheEffectiveMemory) {
  expect_use(memory_use_of(resident(600 * kMiB), nested_device(900 * kMiB, 2 * kGiB)), 600 * kMiB, kGiB,
             "this process");
}

TEST(MemoryUse, IsTheCgroupsOwnWhereThatIsNearerItsLimit) {
  expect_use(memory_use_of(resident(600 * kMiB), nested_device(24 * kMiB, 2 * kGiB)), 1000 * kMiB, kGiB,
             "/inner/memory.max");
}

TEST(MemoryUse, IsTheOuterCgroupsWhereItsNeighboursFillThat) {
  expect_use(memory_use_of(resident(600 * kMiB), nested_device(24 * kMiB, kMiB)), 2047 * kMiB, 2 * kGiB,
             "/outer/memory.max");
}

TEST(MemoryUse, ComparesSharesNotBytes) {
  // 900 MiB of 2 GiB are more bytes than 600 MiB of 1 GiB, but a smaller share.
  expect_use(memory_use_of(resident(600 * kMiB), nested_device(kGiB, 1148 * kMiB)), 600 * kMiB, kGiB,
             "this process");
}

TEST(MemoryUse, StaysWithTheProcessWhereBothAreEquallyFull) {
  EXPECT_EQ(memory_use_of(resident(512 * kMiB), nested_device(512 * kMiB, kGiB)).source, "this process");
}

TEST(MemoryUse, DoesNotCountWhatOthersTakeOfPhysicalMemory) {
  DeviceMemory memory = nested_device(kGiB, 2 * kGiB);
  memory.bounds.front().available_bytes = 0;
  EXPECT_EQ(memory_use_of(resident(kMiB), memory).source, "this process");
}

TEST(MemoryUse, LeavesOutPageCacheThatTheKernelCanReclaim) {
  KernelTree tree{
      {"proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n"},
      {"proc/self/status", "VmRSS:\t1024 kB\n"},
      {"proc/self/cgroup", "0::/box\n"},
      {"proc/self/mountinfo", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n"},
      {"sys/fs/cgroup/box/memory.max", "1073741824\n"},
      {"sys/fs/cgroup/box/memory.current", "1072693248\n"},
      {"sys/fs/cgroup/box/memory.stat", "inactive_file 524288000\nactive_file 314572800\n"},
  };
  const auto use = read_memory_use(tree.root());
  ASSERT_TRUE(use.has_value());
  expect_use(*use, (1023 - 500 - 300) * kMiB, kGiB, "/sys/fs/cgroup/box/memory.max");
}

TEST(MemoryUse, FailsWithIoWhereEitherHalfCanNotBeRead) {
  const KernelTree no_footprint{{"proc/meminfo", "MemTotal: 1024 kB\n"}};
  const KernelTree no_memory{{"proc/self/status", "VmRSS:\t1024 kB\n"}};
  for (const KernelTree* tree : {&no_footprint, &no_memory}) {
    const auto use = read_memory_use(tree->root());
    ASSERT_FALSE(use.has_value());
    EXPECT_EQ(use.error().code, ErrorCode::io);
  }
}

TEST(MemoryUse, OfThisMachineIsPlausible) {
  const auto use = read_memory_use();
  ASSERT_TRUE(use.has_value());
  EXPECT_GT(use->used_bytes, 0U);
  EXPECT_GE(use->capacity_bytes, use->used_bytes);
  EXPECT_FALSE(use->source.empty());
}

}  // namespace
}  // namespace plimsoll
