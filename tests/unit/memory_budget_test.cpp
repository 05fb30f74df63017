#include <gtest/gtest.h>
#include <plimsoll/evaluator.h>
#include <plimsoll/size.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdint>

#include "tests/device_lab/forked.h"

namespace plimsoll::test {
namespace {

// A budget without its optional, to be sent from one process to another.
struct Measured {
  std::size_t growth_bytes = 0;
  std::size_t private_bytes = 0;
  bool has_private = false;
};

Measured measure(std::uint64_t device_memory_bytes = 0) {
  const MemoryBudget budget = measure_budget(*MemoryPool::create(), device_memory_bytes);
  return {budget.growth_bytes, budget.private_bytes.value_or(0), budget.private_bytes.has_value()};
}

// In a process that may have `room` more bytes of what `used` counts.
Measured measure_below(__rlimit_resource resource, std::uint64_t ProcessFootprint::* used, std::size_t room) {
  Forked child([&](Line& line) {
    const std::size_t bytes = (*read_process_footprint()).*used;
    const rlimit limit{bytes + room, bytes + room};
    setrlimit(resource, &limit);
    line.send(measure());
  });
  return child.line().receive<Measured>().value_or(Measured{});
}

constexpr double kSmallHeap = 1.0 * kMiB;  // what measuring itself may add

TEST(MemoryBudget, HasNoPrivateLimitWhereTheProcessHasNone) {
  rlimit limit{};
  getrlimit(RLIMIT_DATA, &limit);
  if (limit.rlim_cur != RLIM_INFINITY) GTEST_SKIP() << "this process has a limit of its own";
  EXPECT_FALSE(measure().has_private);
}

TEST(MemoryBudget, LeavesStacksOfThreadsToComeOutOfAPrivateLimit) {
  const Measured small = measure_below(RLIMIT_DATA, &ProcessFootprint::data_bytes, 64 * kGiB);
  const Measured large = measure_below(RLIMIT_DATA, &ProcessFootprint::data_bytes, 65 * kGiB);
  ASSERT_TRUE(small.has_private && large.has_private);
  EXPECT_LT(small.private_bytes, 64 * kGiB);
  EXPECT_GT(small.private_bytes, 0U);
  EXPECT_NEAR(static_cast<double>(large.private_bytes - small.private_bytes), static_cast<double>(kGiB),
              kSmallHeap);
}

TEST(MemoryBudget, HasNoPrivateRoomWhereTheStacksAloneTakeIt) {
  const Measured measured = measure_below(RLIMIT_DATA, &ProcessFootprint::data_bytes, 2 * kMiB);
  EXPECT_TRUE(measured.has_private);
  EXPECT_EQ(measured.private_bytes, 0U);
}

TEST(MemoryBudget, GrowsNoFurtherThanTheAddressSpace) {
  const std::size_t before = measure().growth_bytes;
  const Measured measured = measure_below(RLIMIT_AS, &ProcessFootprint::virtual_bytes, 64 * kMiB);
  EXPECT_LT(measured.growth_bytes, std::min(before, std::size_t{64 * kMiB}));
}

TEST(MemoryBudget, BelievesThatASmallerDeviceLeavesThreeQuarters) {
  const std::size_t machine = measure().growth_bytes;
  const std::size_t smaller = machine / 2;
  const auto resident = read_process_footprint()->resident_bytes;
  EXPECT_NEAR(static_cast<double>(measure(smaller).growth_bytes),
              static_cast<double>(smaller / 4 * 3 - resident), kSmallHeap);
}

TEST(MemoryBudget, BelievesNoMoreOfALargerDeviceThanThisOneHas) {
  const auto machine = read_device_memory();
  ASSERT_TRUE(machine);
  EXPECT_LE(measure(4 * machine->effective_bytes).growth_bytes, machine->available_bytes);
}

TEST(MemoryBudget, TakesTheLineFromThePool) {
  auto pool = MemoryPool::create();
  EXPECT_FALSE(measure_budget(*pool, 0).line_bytes);
  pool->set_memory_limit(123 * kMiB);
  EXPECT_EQ(measure_budget(*pool, 0).line_bytes, 123 * kMiB);
}

}  // namespace
}  // namespace plimsoll::test
