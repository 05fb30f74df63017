#include <gtest/gtest.h>
#include <plimsoll/memory.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <numeric>
#include <random>
#include <thread>
#include <vector>

namespace plimsoll {
namespace {

constexpr int kThreads = 8;
constexpr std::size_t kLimit = std::size_t{64} << 20;

std::chrono::seconds duration() {
  return std::chrono::seconds(std::getenv("PLIMSOLL_QUICK") != nullptr ? 2 : 10);
}

void allocate_and_free(MemoryPool& pool, unsigned seed, const std::atomic<bool>& stop,
                       std::atomic<long>& refusals) {
  std::mt19937 random(seed);
  std::vector<Buffer> buffers;
  std::vector<Reservation> reservations;
  while (!stop.load()) {
    const std::size_t bytes = random() % (kLimit / 4);
    const auto holder = static_cast<MemoryHolder>(random() % 5);
    switch (random() % 4) {
      case 0:
        if (auto buffer = pool.allocate(holder, bytes))
          buffers.push_back(std::move(*buffer));
        else
          ++refusals;
        break;
      case 1:
        if (auto reservation = pool.reserve(holder, bytes))
          reservations.push_back(std::move(*reservation));
        else
          ++refusals;
        break;
      case 2:
        if (!buffers.empty()) buffers.erase(buffers.begin() + static_cast<long>(random() % buffers.size()));
        break;
      default:
        if (!reservations.empty()) reservations.pop_back();
    }
  }
}

// The invariant, read as fast as it can be while the threads run.
long watch(const MemoryPool& pool, std::size_t limit, std::chrono::seconds how_long) {
  long samples = 0;
  const auto end = std::chrono::steady_clock::now() + how_long;
  for (; std::chrono::steady_clock::now() < end; ++samples) {
    const MemoryLedger ledger = pool.ledger();
    EXPECT_LE(ledger.active_bytes + ledger.cache_bytes, limit);
    EXPECT_LE(ledger.cache_bytes, ledger.cache_limit_bytes);
    const std::size_t held =
        std::accumulate(ledger.holder_bytes.begin(), ledger.holder_bytes.end(), std::size_t{0});
    EXPECT_EQ(held, ledger.active_bytes + ledger.cache_bytes);
    if (testing::Test::HasFailure()) break;
  }
  return samples;
}

void run(bool change_limits) {
  auto pool = MemoryPool::create();
  pool->set_memory_limit(kLimit);
  pool->set_cache_limit(kLimit / 3);
  std::atomic<bool> stop{false};
  std::atomic<long> refusals{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < kThreads; ++i) {
    threads.emplace_back([&, i] { allocate_and_free(*pool, i, stop, refusals); });
  }
  if (change_limits) {
    threads.emplace_back([&] {
      for (std::size_t i = 0; !stop.load(); ++i) {
        pool->set_memory_limit(i % 2 == 0 ? kLimit / 2 : kLimit);
        pool->clear_cache();
      }
    });
  }
  const long samples = watch(*pool, kLimit, duration());
  stop = true;
  for (std::thread& thread : threads) thread.join();

  EXPECT_GT(samples, 100);
  EXPECT_GT(refusals.load(), 100);  // otherwise the limit was never near
  EXPECT_LE(pool->peak_memory(), kLimit);
  EXPECT_EQ(pool->active_memory(), 0U);
  pool->clear_cache();
  EXPECT_EQ(pool->cache_memory(), 0U);
}

TEST(PoolThreads, NeverCountsAboveTheLimit) { run(false); }

TEST(PoolThreads, NeverCountsAboveTheHighestOfChangingLimits) { run(true); }

}  // namespace
}  // namespace plimsoll
