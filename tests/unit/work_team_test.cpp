#include "base/work_team.h"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

namespace plimsoll {
namespace {

bool always(std::size_t) { return true; }

TEST(WorkTeam, DoesEachPieceOnce) {
  constexpr std::size_t kCount = 10000;
  std::vector<std::atomic<int>> times(kCount);
  EXPECT_TRUE(share_work(kCount, 4, [&](std::size_t i) { ++times[i]; }, always));
  for (const auto& each : times) EXPECT_EQ(each, 1);
}

// Two pieces, each of which waits until the other has begun.
TEST(WorkTeam, WorksAtTheSameTime) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  const auto both_there = [&] {
    const std::lock_guard lock(mutex);
    threads.insert(std::this_thread::get_id());
    return threads.size() == 2;
  };
  const auto work = [&](std::size_t) {
    while (!both_there()) std::this_thread::yield();
  };
  EXPECT_TRUE(share_work(2, 2, work, always));
  EXPECT_TRUE(threads.contains(std::this_thread::get_id()));
}

TEST(WorkTeam, LeavesOutTheRestWhenToldToStop) {
  std::atomic<std::size_t> done = 0;
  EXPECT_FALSE(
      share_work(1000, 1, [&](std::size_t) { ++done; }, [](std::size_t count) { return count < 10; }));
  EXPECT_EQ(done, 10U);
}

TEST(WorkTeam, SaysHowManyAreDoneOnTheCallersThread) {
  std::size_t last = 0;
  const auto caller = std::this_thread::get_id();
  EXPECT_TRUE(share_work(
      1000, 3, [](std::size_t) {},
      [&](std::size_t done) {
        EXPECT_EQ(std::this_thread::get_id(), caller);
        EXPECT_GE(done, last);
        last = done;
        return true;
      }));
  EXPECT_LE(last, 1000U);
}

TEST(WorkTeam, IsDoneAtOnceWithNothing) {
  EXPECT_TRUE(share_work(0, 4, [](std::size_t) { FAIL(); }, always));
}

}  // namespace
}  // namespace plimsoll
