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

// ---- the room for one charge ----

TEST(MeasureRoom, LeavesWhatABudgetLeavesLessWhatIsPending) {
  const auto budget = static_cast<double>(measure_budget(*MemoryPool::create(), 0).growth_bytes);
  constexpr double kOthers = 64.0 * kMiB;  // what the rest of the machine may do meanwhile
  EXPECT_NEAR(static_cast<double>(measure_room(0, {}).growth_bytes), budget, kOthers);
  const PendingMemory pending{.untouched_bytes = 300 * kMiB, .promised_bytes = 200 * kMiB};
  EXPECT_NEAR(static_cast<double>(measure_room(0, pending).growth_bytes), budget - 500.0 * kMiB, kOthers);
}

TEST(MeasureRoom, NamesTheTightestBound) {
  const auto machine = read_device_memory();
  ASSERT_TRUE(machine);
  const auto is_one_of_the_machines = [&](const MeasuredRoom& room) {
    return std::any_of(machine->bounds.begin(), machine->bounds.end(), [&](const MemoryBound& bound) {
      return bound.source == room.source && bound.limit_bytes == room.limit_bytes;
    });
  };
  EXPECT_TRUE(is_one_of_the_machines(measure_room(0, {})));
  const MeasuredRoom assumed = measure_room(128 * kMiB, {});
  EXPECT_EQ(assumed.source, "the assumed device memory of 128 MiB");
  EXPECT_EQ(assumed.limit_bytes, 96 * kMiB);
  EXPECT_LT(assumed.growth_bytes, 96 * kMiB);
}

TEST(MeasureRoom, IsNoneWhereMoreIsPendingThanThereIs) {
  EXPECT_EQ(measure_room(0, {.promised_bytes = kGiB * 1024}).growth_bytes, 0U);
}

// A limit of the process has counted untouched pages already when they were mapped.
TEST(MeasureRoom, TakesOnlyWhatIsPromisedOffALimitOfThisProcess) {
  struct Rooms {
    std::size_t plain, untouched, promised;
    bool named;
  };
  Forked child([](Line& line) {
    const std::size_t bytes = read_process_footprint()->data_bytes + 64 * kMiB;
    const rlimit limit{bytes, bytes};
    setrlimit(RLIMIT_DATA, &limit);
    const MeasuredRoom room = measure_room(0, {});
    line.send(Rooms{room.growth_bytes, measure_room(0, {.untouched_bytes = 30 * kMiB}).growth_bytes,
                    measure_room(0, {.promised_bytes = 30 * kMiB}).growth_bytes,
                    room.source == "RLIMIT_DATA"});
  });
  const auto rooms = child.line().receive<Rooms>();
  ASSERT_TRUE(rooms);
  EXPECT_TRUE(rooms->named);
  EXPECT_NEAR(static_cast<double>(rooms->plain), 64.0 * kMiB, kSmallHeap);
  EXPECT_NEAR(static_cast<double>(rooms->untouched), 64.0 * kMiB, kSmallHeap);
  EXPECT_NEAR(static_cast<double>(rooms->promised), 34.0 * kMiB, kSmallHeap);
}

TEST(MemoryBudget, TakesTheLineFromThePool) {
  auto pool = MemoryPool::create();
  EXPECT_FALSE(measure_budget(*pool, 0).line_bytes);
  pool->set_memory_limit(123 * kMiB);
  EXPECT_EQ(measure_budget(*pool, 0).line_bytes, 123 * kMiB);
}

}  // namespace
}  // namespace plimsoll::test
