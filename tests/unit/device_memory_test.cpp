#include <gtest/gtest.h>
#include <plimsoll/device.h>

#include "tests/kernel_tree.h"

namespace plimsoll {
namespace {

// A machine of 8 GiB with 6 GiB available, unless a test says otherwise.
constexpr const char* kMeminfo =
    "MemTotal:        8388608 kB\nMemFree:         1048576 kB\nMemAvailable:    6291456 kB\n";
constexpr const char* kMountV2 =
    "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";
constexpr const char* kMountV1 =
    "31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755\n"
    "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n"
    "35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory\n";
constexpr const char* kNoLimitV1 = "9223372036854771712\n";

DeviceMemory read(const KernelTree& tree) {
  auto memory = read_device_memory(tree.root());
  EXPECT_TRUE(memory.has_value());
  return memory.value_or(DeviceMemory{});
}

std::string in_bytes(std::uint64_t bytes) { return std::to_string(bytes) + "\n"; }

void expect_only_physical(const DeviceMemory& memory) {
  EXPECT_EQ(memory.bounds.size(), 1U);
  EXPECT_EQ(memory.effective_bytes, memory.physical_bytes);
  EXPECT_EQ(memory.effective_source, "physical memory");
}

void expect_bound(const DeviceMemory& memory, std::size_t index, const std::string& source,
                  std::uint64_t limit, std::uint64_t available) {
  ASSERT_LT(index, memory.bounds.size()) << source;
  EXPECT_EQ(memory.bounds[index].source, source);
  EXPECT_EQ(memory.bounds[index].limit_bytes, limit) << source;
  EXPECT_EQ(memory.bounds[index].available_bytes, available) << source;
}

// --- physical memory

TEST(PhysicalMemory, IsTheOnlyBoundWithoutCgroups) {
  const KernelTree tree{{"proc/meminfo", kMeminfo}};
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.physical_bytes, 8 * kGiB);
  EXPECT_EQ(memory.available_bytes, 6 * kGiB);
  expect_only_physical(memory);
  expect_bound(memory, 0, "physical memory", 8 * kGiB, 6 * kGiB);
}

TEST(PhysicalMemory, IsMadeFromItsPartsWithoutMemAvailable) {
  const KernelTree tree{{"proc/meminfo",
                         "MemTotal: 8388608 kB\nMemFree: 1024 kB\nBuffers: 2048 kB\nCached: 4096 kB\n"
                         "SwapCached: 99999 kB\nShmem: 3072 kB\n"}};
  EXPECT_EQ(read(tree).available_bytes, (1 + 2 + 4 - 3) * kMiB);
}

TEST(PhysicalMemory, NeverHasMoreAvailableThanThereIs) {
  const KernelTree tree{{"proc/meminfo", "MemTotal: 1024 kB\nMemAvailable: 4096 kB\n"}};
  EXPECT_EQ(read(tree).available_bytes, kMiB);
}

TEST(PhysicalMemory, TakesCarriageReturnsAndNoLastLineEnd) {
  const KernelTree tree{{"proc/meminfo", "MemAvailable: 512 kB\r\nMemTotal: 1024 kB"}};
  EXPECT_EQ(read(tree).physical_bytes, kMiB);
  EXPECT_EQ(read(tree).available_bytes, 512 * kKiB);
}

TEST(PhysicalMemory, FailsWithIoWhereItCanNotBeRead) {
  const KernelTree missing{};
  const KernelTree folder{{"proc/meminfo/file", ""}};
  for (const KernelTree* tree : {&missing, &folder}) {
    const auto memory = read_device_memory(tree->root());
    ASSERT_FALSE(memory.has_value());
    EXPECT_EQ(memory.error().code, ErrorCode::io);
  }
}

TEST(PhysicalMemory, FailsWithIoWhereMemTotalIsMalformed) {
  for (const char* meminfo :
       {"", "\n\n", "MemFree: 1 kB\n", "MemTotal:\n", "MemTotal: kB\n", "MemTotal: 0 kB\n",
        "MemTotal: -1 kB\n", "MemTotal: max kB\n", "MemTotal: 1024\n", "MemTotal: 1024 MB\n",
        "MemTotal: 1 024 kB\n", "MemTotal 1024 kB\n", "XMemTotal: 1024 kB\n",
        "MemTotal: 18014398509481984 kB\n", "MemTotal: 18446744073709551616 kB\n"}) {
    const KernelTree tree{{"proc/meminfo", meminfo}};
    const auto memory = read_device_memory(tree.root());
    ASSERT_FALSE(memory.has_value()) << meminfo;
    EXPECT_EQ(memory.error().code, ErrorCode::io) << meminfo;
  }
}

// --- cgroup version 2

KernelTree machine_v2(const char* path) {
  return KernelTree{{"proc/meminfo", kMeminfo},
                    {"proc/self/cgroup", std::string("0::") + path + "\n"},
                    {"proc/self/mountinfo", kMountV2}};
}

TEST(CgroupV2, MakesASmallDeviceOfALargeMachine) {
  KernelTree tree = machine_v2("/box");
  tree.write("sys/fs/cgroup/box/memory.max", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/box/memory.high", "max\n");
  tree.write("sys/fs/cgroup/box/memory.current", in_bytes(700 * kMiB));
  tree.write("sys/fs/cgroup/box/memory.stat",
             "anon 1\ninactive_file 104857600\nactive_file 209715200\nslab 5\n");
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.physical_bytes, 8 * kGiB);
  EXPECT_EQ(memory.effective_bytes, kGiB);
  EXPECT_EQ(memory.effective_source, "/sys/fs/cgroup/box/memory.max");
  EXPECT_EQ(memory.available_bytes, (1024 - 700 + 300) * kMiB);
  ASSERT_EQ(memory.bounds.size(), 2U);
  expect_bound(memory, 0, "physical memory", 8 * kGiB, 6 * kGiB);
  expect_bound(memory, 1, "/sys/fs/cgroup/box/memory.max", kGiB, 624 * kMiB);
}

TEST(CgroupV2, IsBoundByTheLowerOfMaxAndHigh) {
  KernelTree tree = machine_v2("/box");
  tree.write("sys/fs/cgroup/box/memory.max", in_bytes(2 * kGiB));
  tree.write("sys/fs/cgroup/box/memory.high", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/box/memory.current", in_bytes(kGiB + kMiB));
  const DeviceMemory memory = read(tree);
  ASSERT_EQ(memory.bounds.size(), 3U);
  expect_bound(memory, 1, "/sys/fs/cgroup/box/memory.max", 2 * kGiB, kGiB - kMiB);
  expect_bound(memory, 2, "/sys/fs/cgroup/box/memory.high", kGiB, 0);
  EXPECT_EQ(memory.effective_source, "/sys/fs/cgroup/box/memory.high");
  EXPECT_EQ(memory.available_bytes, 0U);
}

TEST(CgroupV2, FindsTheOuterLimitWhereItIsSmaller) {
  KernelTree tree = machine_v2("/outer/middle/inner");
  tree.write("sys/fs/cgroup/outer/memory.max", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/outer/middle/memory.max", "max\n");
  tree.write("sys/fs/cgroup/outer/middle/inner/memory.max", in_bytes(4 * kGiB));
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_bytes, kGiB);
  EXPECT_EQ(memory.effective_source, "/sys/fs/cgroup/outer/memory.max");
  ASSERT_EQ(memory.bounds.size(), 3U);
  EXPECT_EQ(memory.bounds[1].source, "/sys/fs/cgroup/outer/middle/inner/memory.max");
  EXPECT_EQ(memory.bounds[2].source, "/sys/fs/cgroup/outer/memory.max");
}

TEST(CgroupV2, FindsTheInnerLimitWhereItIsSmaller) {
  KernelTree tree = machine_v2("/outer/inner");
  tree.write("sys/fs/cgroup/outer/memory.max", in_bytes(4 * kGiB));
  tree.write("sys/fs/cgroup/outer/inner/memory.max", in_bytes(kGiB));
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_bytes, kGiB);
  EXPECT_EQ(memory.effective_source, "/sys/fs/cgroup/outer/inner/memory.max");
  EXPECT_EQ(memory.bounds.size(), 3U);
}

TEST(CgroupV2, TakesAvailabilityFromTheFullestBoundNotFromTheSmallest) {
  KernelTree tree = machine_v2("/outer/inner");
  tree.write("sys/fs/cgroup/outer/memory.max", in_bytes(4 * kGiB));
  tree.write("sys/fs/cgroup/outer/memory.current", in_bytes(4 * kGiB - 10 * kMiB));
  tree.write("sys/fs/cgroup/outer/inner/memory.max", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/outer/inner/memory.current", in_bytes(100 * kMiB));
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_bytes, kGiB);
  EXPECT_EQ(memory.available_bytes, 10 * kMiB);
}

TEST(CgroupV2, ReadsTheMountPointItselfInANamespace) {
  KernelTree tree = machine_v2("/");
  tree.write("sys/fs/cgroup/memory.max", in_bytes(kGiB));
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_source, "/sys/fs/cgroup/memory.max");
  EXPECT_EQ(memory.bounds.size(), 2U);
}

TEST(CgroupV2, LeavesOutWhatDoesNotBind) {
  for (const std::string& limit :
       {std::string("max\n"), std::string("max"), std::string(""), std::string("\n"), std::string("-1\n"),
        std::string("garbage\n"), std::string("0\n"), std::string("1024 kB\n"), std::string("1 2\n"),
        std::string("0x400\n"), std::string(kNoLimitV1), std::string("18446744073709551616\n"),
        std::string("99999999999999999999999999999\n"), in_bytes(8 * kGiB), in_bytes(8 * kGiB + 1)}) {
    SCOPED_TRACE(limit);
    KernelTree tree = machine_v2("/box");
    tree.write("sys/fs/cgroup/box/memory.max", limit);
    tree.write("sys/fs/cgroup/box/memory.high", limit);
    expect_only_physical(read(tree));
  }
}

TEST(CgroupV2, BindsFromOneByteBelowPhysicalMemory) {
  KernelTree tree = machine_v2("/box");
  tree.write("sys/fs/cgroup/box/memory.max", in_bytes(8 * kGiB - 1));
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_bytes, 8 * kGiB - 1);
  EXPECT_EQ(memory.available_bytes, 6 * kGiB);
}

TEST(CgroupV2, TakesLimitsWithCarriageReturnAndWithoutLineEnd) {
  for (const char* limit : {"1073741824", "1073741824\r\n", "  1073741824  \n"}) {
    KernelTree tree = machine_v2("/box");
    tree.write("sys/fs/cgroup/box/memory.max", limit);
    EXPECT_EQ(read(tree).effective_bytes, kGiB) << limit;
  }
}

TEST(CgroupV2, CountsNothingAsUsedWhereUsageIsMalformed) {
  for (const char* usage : {"", "max\n", "-1\n", "garbage\n", "18446744073709551616\n"}) {
    KernelTree tree = machine_v2("/box");
    tree.write("sys/fs/cgroup/box/memory.max", in_bytes(kGiB));
    tree.write("sys/fs/cgroup/box/memory.current", usage);
    EXPECT_EQ(read(tree).available_bytes, kGiB) << usage;
  }
}

TEST(CgroupV2, CountsPageCacheAsUsedWhereTheStatisticsAreMalformed) {
  for (const char* stat :
       {"", "\n", "inactive_file\n", "inactive_file max\n", "inactive_file -5\n", "active_file\t7\n",
        "xinactive_file 7\n", "inactive_file 18446744073709551616\n"}) {
    KernelTree tree = machine_v2("/box");
    tree.write("sys/fs/cgroup/box/memory.max", in_bytes(kGiB));
    tree.write("sys/fs/cgroup/box/memory.current", in_bytes(24 * kMiB));
    tree.write("sys/fs/cgroup/box/memory.stat", stat);
    EXPECT_EQ(read(tree).available_bytes, 1000 * kMiB) << stat;
  }
}

TEST(CgroupV2, NeverHasMoreAvailableThanTheLimit) {
  KernelTree tree = machine_v2("/box");
  tree.write("sys/fs/cgroup/box/memory.max", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/box/memory.current", in_bytes(kMiB));
  tree.write("sys/fs/cgroup/box/memory.stat", "inactive_file 18446744073709551615\nactive_file 5\n");
  EXPECT_EQ(read(tree).available_bytes, kGiB);
}

// --- cgroup version 1

KernelTree machine_v1(const char* path) {
  return KernelTree{
      {"proc/meminfo", kMeminfo},
      {"proc/self/cgroup", std::string("9:name=systemd:/\n4:memory:") + path + "\n1:cpu:/elsewhere\n"},
      {"proc/self/mountinfo", kMountV1}};
}

TEST(CgroupV1, ReadsLimitUsageAndReclaimablePageCache) {
  KernelTree tree = machine_v1("/x");
  tree.write("sys/fs/cgroup/memory/memory.limit_in_bytes", kNoLimitV1);
  tree.write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/memory/x/memory.usage_in_bytes", in_bytes(700 * kMiB));
  tree.write("sys/fs/cgroup/memory/x/memory.stat",
             "inactive_file 4096\nactive_file 4096\nhierarchical_memory_limit 1073741824\n"
             "total_inactive_file 104857600\ntotal_active_file 209715200\n");
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_bytes, kGiB);
  ASSERT_EQ(memory.bounds.size(), 2U);
  expect_bound(memory, 1, "/sys/fs/cgroup/memory/x/memory.limit_in_bytes", kGiB, 624 * kMiB);
}

TEST(CgroupV1, TakesPlainPageCacheWhereThereAreNoTotals) {
  KernelTree tree = machine_v1("/x");
  tree.write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/memory/x/memory.usage_in_bytes", in_bytes(100 * kMiB));
  tree.write("sys/fs/cgroup/memory/x/memory.stat", "inactive_file 10485760\nactive_file 20971520\n");
  EXPECT_EQ(read(tree).available_bytes, (1024 - 70) * kMiB);
}

TEST(CgroupV1, WalksUpThroughNestedLimits) {
  KernelTree tree = machine_v1("/outer/inner");
  tree.write("sys/fs/cgroup/memory/outer/memory.limit_in_bytes", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes", in_bytes(2 * kGiB));
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_source, "/sys/fs/cgroup/memory/outer/memory.limit_in_bytes");
  EXPECT_EQ(memory.bounds.size(), 3U);
  tree.write("sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes", in_bytes(512 * kMiB));
  EXPECT_EQ(read(tree).effective_source, "/sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes");
}

TEST(CgroupV1, LeavesOutAParentThatDoesNotCountItsChildren) {
  KernelTree tree = machine_v1("/outer/inner");
  tree.write("sys/fs/cgroup/memory/outer/memory.limit_in_bytes", in_bytes(kGiB));
  tree.write("sys/fs/cgroup/memory/outer/memory.use_hierarchy", "0\n");
  tree.write("sys/fs/cgroup/memory/outer/inner/memory.limit_in_bytes", in_bytes(2 * kGiB));
  tree.write("sys/fs/cgroup/memory/outer/inner/memory.use_hierarchy", "0\n");
  EXPECT_EQ(read(tree).effective_bytes, 2 * kGiB);
  tree.write("sys/fs/cgroup/memory/outer/memory.use_hierarchy", "1\n");
  EXPECT_EQ(read(tree).effective_bytes, kGiB);
}

TEST(CgroupV1, FindsTheLimitOfAParentOutsideOfTheContainer) {
  const KernelTree tree{{"proc/meminfo", kMeminfo},
                        {"proc/self/cgroup", "4:memory:/pods/pod1/c1\n"},
                        {"proc/self/mountinfo",
                         "35 31 0:32 /pods/pod1/c1 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"},
                        {"sys/fs/cgroup/memory/memory.limit_in_bytes", in_bytes(2 * kGiB)},
                        {"sys/fs/cgroup/memory/memory.usage_in_bytes", in_bytes(100 * kMiB)},
                        {"sys/fs/cgroup/memory/memory.stat",
                         "hierarchical_memory_limit 1073741824\ntotal_active_file 31457280\n"}};
  const DeviceMemory memory = read(tree);
  EXPECT_EQ(memory.effective_bytes, kGiB);
  ASSERT_EQ(memory.bounds.size(), 3U);
  expect_bound(memory, 1, "/sys/fs/cgroup/memory/memory.limit_in_bytes", 2 * kGiB, 2 * kGiB - 70 * kMiB);
  expect_bound(memory, 2, "/sys/fs/cgroup/memory/memory.stat", kGiB, kGiB - 70 * kMiB);
}

TEST(CgroupV1, LeavesOutWhatDoesNotBind) {
  for (const std::string& limit :
       {std::string(kNoLimitV1), std::string("-1\n"), std::string("max\n"), std::string(""),
        std::string("0\n"), std::string("garbage\n"), std::string("18446744073709551616\n"),
        in_bytes(8 * kGiB), in_bytes(16 * kGiB)}) {
    SCOPED_TRACE(limit);
    KernelTree tree = machine_v1("/x");
    tree.write("sys/fs/cgroup/memory/x/memory.limit_in_bytes", limit);
    tree.write("sys/fs/cgroup/memory/x/memory.stat", "hierarchical_memory_limit " + limit);
    expect_only_physical(read(tree));
  }
}

TEST(CgroupV1, FindsAMemoryControllerThatIsMountedTogetherWithOthers) {
  const KernelTree tree{
      {"proc/meminfo", kMeminfo},
      {"proc/self/cgroup", "5:memory_recursive:/wrong\n4:cpu,memory:/x\n"},
      {"proc/self/mountinfo", "35 31 0:32 / /cg/both rw - cgroup cgroup rw,seclabel,cpu,memory\n"},
      {"cg/both/x/memory.limit_in_bytes", in_bytes(kGiB)},
      {"cg/both/wrong/memory.limit_in_bytes", in_bytes(kMiB)}};
  EXPECT_EQ(read(tree).effective_source, "/cg/both/x/memory.limit_in_bytes");
}

// --- both versions

TEST(HybridCgroups, TakeTheMemoryControllerWhereverItIs) {
  const std::string mounts =
      std::string(kMountV1) + "41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
  KernelTree tree{{"proc/meminfo", kMeminfo},
                  {"proc/self/cgroup", "4:memory:/v1\n1:cpu:/\n0::/v2\n"},
                  {"proc/self/mountinfo", mounts},
                  {"sys/fs/cgroup/memory/v1/memory.limit_in_bytes", in_bytes(2 * kGiB)},
                  {"sys/fs/cgroup/unified/v2/cgroup.procs", "1\n"}};
  EXPECT_EQ(read(tree).effective_source, "/sys/fs/cgroup/memory/v1/memory.limit_in_bytes");
  EXPECT_EQ(read(tree).bounds.size(), 2U);

  tree.write("sys/fs/cgroup/unified/v2/memory.max", in_bytes(kGiB));
  EXPECT_EQ(read(tree).effective_source, "/sys/fs/cgroup/unified/v2/memory.max");
  EXPECT_EQ(read(tree).bounds.size(), 3U);
}

// --- where our own directory is

struct Place {
  const char* top;          // what the mount shows
  const char* path;         // of /proc/self/cgroup
  const char* directories;  // the limits that are read, from inner to outer, below the mount point
};

// Every directory that a case could read has a limit of its own; the sources tell which were read.
std::string directories_read(const Place& place) {
  const std::string mount = std::string("29 23 0:26 ") + place.top + " /cg rw - cgroup2 cgroup2 rw\n";
  const KernelTree tree{
      {"proc/meminfo", kMeminfo},          {"proc/self/cgroup", std::string("0::") + place.path + "\n"},
      {"proc/self/mountinfo", mount},      {"memory.max", in_bytes(kMiB)},
      {"a/memory.max", in_bytes(kMiB)},    {"cg/memory.max", in_bytes(kGiB)},
      {"cg/a/memory.max", in_bytes(kGiB)}, {"cg/a/b/memory.max", in_bytes(kGiB)},
      {"cg/b/memory.max", in_bytes(kGiB)}, {"cg/a:b c/memory.max", in_bytes(kGiB)}};
  std::string directories;
  for (const MemoryBound& bound : read(tree).bounds) {
    if (bound.source == "physical memory") continue;
    const std::string folder = std::filesystem::path(bound.source).parent_path();
    directories += (directories.empty() ? "" : " ") + folder;
  }
  return directories;
}

TEST(CgroupPlace, IsFoundThroughMountsNamespacesAndContainers) {
  for (const Place& place : {
           Place{"/", "/", "/cg"},
           Place{"/", "/a/b", "/cg/a/b /cg/a /cg"},
           Place{"/", "/a/gone", "/cg/a /cg"},
           Place{"/", "/a/b (deleted)", "/cg/a /cg"},
           Place{"/", "/a:b c", "/cg/a:b c /cg"},
           Place{"/box", "/box", "/cg"},                    // a container without a namespace of its own
           Place{"/box", "/box/a/b", "/cg/a/b /cg/a /cg"},  // a container in that container
           Place{"/box", "/boxer/a", "/cg"},                // a name that begins alike is another cgroup
           Place{"/box", "/a", "/cg"},                      // moved away after the mount was made
           Place{"/..", "/", "/cg"},                        // mounted before the namespace was made
           Place{"/../..", "/a/b", "/cg"},  // how we are called from up there can not be known
           Place{"/../..", "/../../a/b", "/cg/a/b /cg/a /cg"},
           Place{"/../..", "/../..", "/cg"},
           Place{"/..", "/../a", "/cg/a /cg"},
           Place{"/", "/..", "/cg"},  // outside of the namespace: never leave the mount
           Place{"/", "/../..", "/cg"},
           Place{"/", "/../../a", "/cg"},
           Place{"/..", "/../../a", "/cg"},
           Place{"/", "/a/../../..", "/cg"},
       }) {
    EXPECT_EQ(directories_read(place), place.directories) << place.top << " and " << place.path;
  }
}

TEST(CgroupPlace, TakesTheMountThatShowsMostOfOurAncestors) {
  const KernelTree tree{{"proc/meminfo", kMeminfo},
                        {"proc/self/cgroup", "0::/a/b\n"},
                        {"proc/self/mountinfo",
                         "28 23 0:26 /other /other rw - cgroup2 cgroup2 rw\n"
                         "29 23 0:26 /a/b /deep rw - cgroup2 cgroup2 rw\n"
                         "30 23 0:26 / /whole rw - cgroup2 cgroup2 rw\n"
                         "31 23 0:26 /a /part rw - cgroup2 cgroup2 rw\n"},
                        {"whole/a/memory.max", in_bytes(kGiB)},
                        {"part/memory.max", in_bytes(kMiB)},
                        {"deep/memory.max", in_bytes(kMiB)},
                        {"other/memory.max", in_bytes(kMiB)}};
  EXPECT_EQ(read(tree).effective_source, "/whole/a/memory.max");
}

TEST(CgroupPlace, IsNotInAMountThatAnotherOneHides) {
  const std::string later = "30 29 0:30 / /sys/fs/cgroup rw - tmpfs tmpfs rw\n";
  const KernelTree tree{{"proc/meminfo", kMeminfo},
                        {"proc/self/cgroup", "0::/\n"},
                        {"proc/self/mountinfo", kMountV2 + later},
                        {"sys/fs/cgroup/memory.max", in_bytes(kGiB)}};
  expect_only_physical(read(tree));
}

TEST(CgroupPlace, UnderstandsEscapedNames) {
  const KernelTree tree{
      {"proc/meminfo", kMeminfo},
      {"proc/self/cgroup", "0::/my box/in\\side\n"},
      {"proc/self/mountinfo", "29 23 0:26 /my\\040box /mnt/c\\011g\\134x rw - cgroup2 a\\040source rw\n"},
      {"mnt/c\tg\\x/in\\side/memory.max", in_bytes(kGiB)}};
  EXPECT_EQ(read(tree).effective_source, "/mnt/c\tg\\x/in\\side/memory.max");
}

TEST(CgroupPlace, TakesAnyNumberOfMountTags) {
  for (const char* tags : {"", "shared:4 ", "shared:4 master:2 propagate_from:1 "}) {
    const KernelTree tree{
        {"proc/meminfo", kMeminfo},
        {"proc/self/cgroup", "0::/"},
        {"proc/self/mountinfo", std::string("29 23 0:26 / /cg rw ") + tags + "- cgroup2 cgroup2 rw"},
        {"cg/memory.max", in_bytes(kGiB)}};
    EXPECT_EQ(read(tree).effective_bytes, kGiB) << tags;
  }
}

TEST(CgroupPlace, TakesCarriageReturnsInBothFiles) {
  const KernelTree tree{{"proc/meminfo", kMeminfo},
                        {"proc/self/cgroup", "4:memory:/x\r\n"},
                        {"proc/self/mountinfo", "35 31 0:32 / /cg rw - cgroup cgroup rw,memory\r\n"},
                        {"cg/x/memory.limit_in_bytes", in_bytes(kGiB)}};
  EXPECT_EQ(read(tree).effective_bytes, kGiB);
}

TEST(CgroupPlace, IsNowhereWhereTheMembershipIsMalformed) {
  for (const char* membership :
       {"", "\n", "garbage\n", "0:\n", "0", "::/\n", "1::/\n", "4:cpu:/\n", "max\n", "-1\n"}) {
    const KernelTree tree{{"proc/meminfo", kMeminfo},
                          {"proc/self/cgroup", membership},
                          {"proc/self/mountinfo", kMountV2},
                          {"sys/fs/cgroup/memory.max", in_bytes(kGiB)}};
    expect_only_physical(read(tree));
  }
}

TEST(CgroupPlace, IsNowhereWhereTheMountsAreMalformed) {
  for (const char* mounts :
       {"", "\n", "garbage\n", "29\n", "29 23 0:26 / /sys/fs/cgroup\n", "29 23 0:26 / /sys/fs/cgroup rw\n",
        "29 23 0:26 / /sys/fs/cgroup rw -\n", "29 23 0:26 / /sys/fs/cgroup rw - cgroup2\n",
        "29 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2\n",
        "29 23 0:26 / /sys/fs/cgroup rw cgroup2 cgroup2 rw\n",
        "29 23 0:26 / sys/fs/cgroup rw - cgroup2 cgroup2 rw\n",
        "29 23 0:26 / /sys/fs/cgroup rw - tmpfs cgroup2 rw\n"}) {
    const KernelTree tree{{"proc/meminfo", kMeminfo},
                          {"proc/self/cgroup", "0::/\n"},
                          {"proc/self/mountinfo", mounts},
                          {"sys/fs/cgroup/memory.max", in_bytes(kGiB)}};
    SCOPED_TRACE(mounts);
    expect_only_physical(read(tree));
  }
}

TEST(CgroupPlace, NeedsBothFiles) {
  const KernelTree no_mounts{{"proc/meminfo", kMeminfo},
                             {"proc/self/cgroup", "0::/\n"},
                             {"sys/fs/cgroup/memory.max", in_bytes(kGiB)}};
  const KernelTree no_membership{{"proc/meminfo", kMeminfo},
                                 {"proc/self/mountinfo", kMountV2},
                                 {"sys/fs/cgroup/memory.max", in_bytes(kGiB)}};
  expect_only_physical(read(no_mounts));
  expect_only_physical(read(no_membership));
}

TEST(CgroupPlace, EndsAtAMountPointWithATrailingSlash) {
  const KernelTree tree{{"proc/meminfo", kMeminfo},
                        {"proc/self/cgroup", "0::/a//b/\n"},
                        {"proc/self/mountinfo", "29 23 0:26 / /cg/ rw - cgroup2 cgroup2 rw\n"},
                        {"cg/a/memory.max", in_bytes(kGiB)}};
  EXPECT_EQ(read(tree).effective_bytes, kGiB);
}

TEST(DeviceMemory, OfThisMachineIsPlausible) {
  const auto memory = read_device_memory();
  ASSERT_TRUE(memory.has_value());
  EXPECT_GT(memory->physical_bytes, 16 * kMiB);
  EXPECT_LE(memory->effective_bytes, memory->physical_bytes);
  EXPECT_LE(memory->available_bytes, memory->effective_bytes);
  ASSERT_FALSE(memory->bounds.empty());
  EXPECT_EQ(memory->bounds.front().source, "physical memory");
}

}  // namespace
}  // namespace plimsoll
