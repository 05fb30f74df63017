#include "evaluator/leftovers.h"

#include <gtest/gtest.h>
#include <plimsoll/size.h>

#include <memory>

namespace plimsoll {
namespace {

// A pool with something in its cache.
std::shared_ptr<MemoryPool> used_pool() {
  auto pool = MemoryPool::create();
  pool->set_cache_limit(kMiB);
  EXPECT_TRUE(pool->allocate(MemoryHolder::kv, kMiB));  // freed at once
  EXPECT_GT(pool->cache_memory(), 0U);
  return pool;
}

// How often the heap was trimmed, each time after the cache had been cleared.
int rounds_on(DeviceMemoryTier tier) {
  const auto pool = used_pool();
  int rounds = 0;
  give_back_leftovers(*pool, tier, [&] {
    EXPECT_EQ(pool->cache_memory(), 0U);
    ++rounds;
  });
  return rounds;
}

TEST(Leftovers, AreGivenBackInOneRound) {
  EXPECT_EQ(rounds_on(DeviceMemoryTier::low), 1);
  EXPECT_EQ(rounds_on(DeviceMemoryTier::standard), 1);
  EXPECT_EQ(rounds_on(DeviceMemoryTier::high), 1);
}

TEST(Leftovers, OfTheUltraLowClassGetTwoRoundsMore) { EXPECT_EQ(rounds_on(DeviceMemoryTier::ultra_low), 3); }

}  // namespace
}  // namespace plimsoll
