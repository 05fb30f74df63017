#include <gtest/gtest.h>
#include <plimsoll/memory.h>
#include <plimsoll/size.h>
#include <sys/mman.h>

#include <cinttypes>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace plimsoll {
namespace {

const std::size_t kPage = PageSource::page_bytes();

// Pages from the heap that can run out on demand, and that know what is still out.
class CountingPages : public PageSource {
 public:
  struct Count {
    int maps = 0;
    int refuse_at = 0;  // the Nth map fails; 0: none
    std::size_t mapped_bytes = 0;
  };
  explicit CountingPages(std::shared_ptr<Count> count) : count_(std::move(count)) {}

  std::byte* map(std::size_t bytes) override {
    if (++count_->maps == count_->refuse_at) return nullptr;
    count_->mapped_bytes += bytes;
    return static_cast<std::byte*>(std::aligned_alloc(kPage, bytes));
  }
  void unmap(std::byte* data, std::size_t bytes) noexcept override {
    count_->mapped_bytes -= bytes;
    std::free(data);
  }

 private:
  std::shared_ptr<Count> count_;
};

struct Pool : testing::Test {
  std::shared_ptr<CountingPages::Count> pages = std::make_shared<CountingPages::Count>();
  std::shared_ptr<MemoryPool> pool = MemoryPool::create(std::make_unique<CountingPages>(pages));

  Buffer take(std::size_t page_count, MemoryHolder holder = MemoryHolder::kv) {
    auto buffer = pool->allocate(holder, page_count * kPage);
    EXPECT_TRUE(buffer) << buffer.error().message;
    return buffer ? std::move(*buffer) : Buffer();
  }
};

static_assert(!std::is_copy_constructible_v<Buffer> && std::is_nothrow_move_constructible_v<Buffer>);
static_assert(!std::is_copy_constructible_v<Reservation> &&
              std::is_nothrow_move_constructible_v<Reservation>);

TEST_F(Pool, CountsActiveMemoryByHolder) {
  Buffer kv = take(3);
  auto media = pool->reserve(MemoryHolder::media, 100);
  const MemoryLedger ledger = pool->ledger();
  EXPECT_EQ(ledger.active_bytes, 3 * kPage + 100);
  EXPECT_EQ(ledger.of(MemoryHolder::kv), 3 * kPage);
  EXPECT_EQ(ledger.of(MemoryHolder::media), 100U);
  EXPECT_EQ(pool->active_memory(), ledger.active_bytes);
}

TEST_F(Pool, RoundsBuffersUpToPages) {
  auto buffer = pool->allocate(MemoryHolder::kv, kPage + 1);
  ASSERT_TRUE(buffer);
  EXPECT_EQ(buffer->size(), 2 * kPage);
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer->data()) % kPage, 0U);
  EXPECT_EQ(pool->allocate(MemoryHolder::kv, 0)->size(), kPage);
}

TEST_F(Pool, SettersReturnThePreviousLimit) {
  EXPECT_EQ(pool->set_memory_limit(10 * kPage), std::nullopt);
  EXPECT_EQ(pool->set_memory_limit(std::nullopt), 10 * kPage);
  EXPECT_EQ(pool->memory_limit(), std::nullopt);
  EXPECT_EQ(pool->set_cache_limit(4 * kPage), 0U);
  EXPECT_EQ(pool->set_cache_limit(0), 4 * kPage);
}

TEST_F(Pool, PeakIsTheHighestActiveSinceItsReset) {
  take(5).release();
  EXPECT_EQ(pool->peak_memory(), 5 * kPage);
  Buffer kept = take(2);
  pool->reset_peak_memory();
  EXPECT_EQ(pool->peak_memory(), 2 * kPage);
  take(1).release();
  EXPECT_EQ(pool->peak_memory(), 3 * kPage);
  EXPECT_EQ(pool->ledger().holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::kv)], 3 * kPage);
}

TEST_F(Pool, CacheLimitZeroKeepsNothing) {
  take(4).release();
  EXPECT_EQ(pool->cache_memory(), 0U);
  EXPECT_EQ(pages->mapped_bytes, 0U);
}

TEST_F(Pool, KeepsFreedBuffersWithinTheCacheLimitOldestLeavingFirst) {
  pool->set_cache_limit(8 * kPage);
  Buffer a = take(3), b = take(4), c = take(4);
  a.release();
  b.release();
  EXPECT_EQ(pool->cache_memory(), 7 * kPage);
  EXPECT_EQ(pool->ledger().of(MemoryHolder::cache_buffers), 7 * kPage);
  c.release();  // 11 pages would be too many: a goes
  EXPECT_EQ(pool->cache_memory(), 8 * kPage);
  const int maps = pages->maps;
  take(3);  // served by a four-page buffer
  EXPECT_EQ(pages->maps, maps);
}

TEST_F(Pool, NeverCachesABufferLargerThanTheCacheLimit) {
  pool->set_cache_limit(2 * kPage);
  take(1).release();
  take(3).release();
  EXPECT_EQ(pool->cache_memory(), kPage);
}

TEST_F(Pool, ReusesWhatIsNotMuchLarger) {
  pool->set_cache_limit(1000 * kPage);
  take(8).release();
  EXPECT_EQ(take(6).size(), 8 * kPage);
  EXPECT_EQ(take(5).size(), 5 * kPage);
  take(2).release();
  EXPECT_EQ(take(1).size(), 2 * kPage);
  take(172).release();
  EXPECT_EQ(take(160).size(), 172 * kPage);
  EXPECT_EQ(take(159).size(), 159 * kPage);
}

TEST_F(Pool, ChargesWhatAReusedBufferReallyHas) {
  pool->set_cache_limit(100 * kPage);
  take(8).release();
  Buffer reused = take(6);
  EXPECT_EQ(pool->active_memory(), 8 * kPage);
  EXPECT_EQ(pool->cache_memory(), 0U);
}

TEST_F(Pool, ClearCacheGivesAllBackAndSaysHowMuch) {
  pool->set_cache_limit(100 * kPage);
  take(2).release();
  take(5).release();
  EXPECT_EQ(pool->clear_cache(), 7 * kPage);
  EXPECT_EQ(pages->mapped_bytes, 0U);
  EXPECT_EQ(pool->clear_cache(), 0U);
}

TEST_F(Pool, LoweringALimitDropsCacheAtOnce) {
  pool->set_cache_limit(100 * kPage);
  Buffer kept = take(1);
  take(6).release();
  pool->set_memory_limit(4 * kPage);
  EXPECT_EQ(pool->cache_memory(), 0U);
  pool->set_memory_limit(std::nullopt);
  take(6).release();
  pool->set_cache_limit(kPage);
  EXPECT_EQ(pool->cache_memory(), 0U);
}

TEST_F(Pool, ALimitBelowActiveTakesNothingAwayAndRefusesTheNext) {
  Buffer kept = take(5);
  pool->set_memory_limit(kPage);
  EXPECT_EQ(pool->active_memory(), 5 * kPage);
  EXPECT_EQ(pool->reserve(MemoryHolder::media, 1).error().code, ErrorCode::over_budget);
}

TEST_F(Pool, DropsCacheBeforeItRefuses) {
  pool->set_memory_limit(10 * kPage);
  pool->set_cache_limit(100 * kPage);
  take(6).release();
  EXPECT_EQ(pool->cache_memory(), 6 * kPage);
  EXPECT_EQ(take(9).size(), 9 * kPage);
  EXPECT_EQ(pages->mapped_bytes, pool->cache_memory());
}

TEST_F(Pool, ARefusalSaysWhoHoldsWhat) {
  pool->set_memory_limit(10 * kPage);
  Buffer kv = take(2), weights = take(5, MemoryHolder::weights_text);
  auto refused = pool->allocate(MemoryHolder::compute_vision, 4 * kPage);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::over_budget);
  const BudgetDenial& denial = refused.error().denial.value();
  EXPECT_EQ(denial.holder, "compute.vision");
  EXPECT_EQ(denial.requested_bytes, 4 * kPage);
  EXPECT_EQ(denial.available_bytes, 3 * kPage);
  EXPECT_EQ(denial.limit_bytes, 10 * kPage);
  ASSERT_EQ(denial.holders.size(), 2U);
  EXPECT_EQ(denial.holders[0].holder, "weights.text");
  EXPECT_EQ(denial.holders[0].bytes, 5 * kPage);
  EXPECT_EQ(denial.holders[1].holder, "kv");
  EXPECT_EQ(pool->active_memory(), 7 * kPage);
}

TEST_F(Pool, FitsExactlyToTheLimit) {
  pool->set_memory_limit(4 * kPage);
  Buffer all = take(4);
  EXPECT_EQ(pool->active_memory(), 4 * kPage);
  EXPECT_FALSE(pool->reserve(MemoryHolder::media, 1));
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 0));
}

TEST_F(Pool, RefundsWhenTheSystemHasNoMemory) {
  pages->refuse_at = 1;
  auto refused = pool->allocate(MemoryHolder::kv, 4 * kPage);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::out_of_memory);
  EXPECT_EQ(pool->active_memory(), 0U);
}

TEST_F(Pool, AsksTheSystemAgainAfterGivingTheCacheBack) {
  pool->set_cache_limit(100 * kPage);
  take(1).release();
  pages->refuse_at = 2;
  EXPECT_EQ(take(8).size(), 8 * kPage);
  EXPECT_EQ(pages->maps, 3);
}

TEST(PoolAdmission, RefusesAChargeAsALimitWouldAndLeavesNoTrace) {
  bool admits = true;
  std::vector<std::size_t> asked;
  auto pool = MemoryPool::create(nullptr, [&](MemoryHolder holder, std::size_t bytes) {
    asked.push_back(bytes);
    return admits || holder != MemoryHolder::kv;
  });
  auto kept = pool->allocate(MemoryHolder::media, kPage);
  admits = false;
  auto refused = pool->allocate(MemoryHolder::kv, 2 * kPage - 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::over_budget);
  EXPECT_EQ(refused.error().denial->holder, "kv");
  EXPECT_EQ(refused.error().denial->requested_bytes, 2 * kPage);
  EXPECT_EQ(refused.error().denial->available_bytes, 0U);
  EXPECT_EQ(refused.error().denial->limit_bytes, kPage);
  EXPECT_FALSE(pool->reserve(MemoryHolder::kv, 1));
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 1));
  EXPECT_EQ(pool->active_memory(), kPage);
  EXPECT_EQ(asked, (std::vector<std::size_t>{kPage, 2 * kPage, 1, 1}));
}

TEST(PoolAdmission, IsAskedWithoutTheLockAndForBuffersOfTheCacheToo) {
  const MemoryPool* self = nullptr;
  std::vector<std::size_t> cached;
  auto pool = MemoryPool::create(nullptr, [&](MemoryHolder, std::size_t) {
    cached.push_back(self->cache_memory());
    return true;
  });
  self = pool.get();
  pool->set_cache_limit(kPage);
  pool->allocate(MemoryHolder::kv, kPage)->release();
  EXPECT_TRUE(pool->allocate(MemoryHolder::kv, kPage));
  EXPECT_EQ(cached, (std::vector<std::size_t>{0, kPage}));
}

TEST_F(Pool, RefusesAbsurdSizesWithoutOverflow) {
  Buffer kept = take(1);
  const std::size_t largest = std::numeric_limits<std::size_t>::max();
  EXPECT_FALSE(pool->allocate(MemoryHolder::kv, largest));
  EXPECT_FALSE(pool->reserve(MemoryHolder::kv, largest));
  pool->set_memory_limit(10 * kPage);
  EXPECT_FALSE(pool->reserve(MemoryHolder::kv, largest - 5));
  EXPECT_EQ(pool->active_memory(), kPage);
}

TEST_F(Pool, MoveAssignReleasesTheOldOne) {
  Buffer a = take(2);
  a = take(3);
  EXPECT_EQ(pool->active_memory(), 3 * kPage);
  auto r = *pool->reserve(MemoryHolder::media, 10);
  r = *pool->reserve(MemoryHolder::media, 4);
  EXPECT_EQ(pool->ledger().of(MemoryHolder::media), 4U);
  Reservation moved = std::move(r);
  EXPECT_EQ(moved.bytes(), 4U);
}

TEST_F(Pool, AReservationShrinksButDoesNotGrow) {
  auto r = *pool->reserve(MemoryHolder::media, 10);
  r.shrink_to(12);
  EXPECT_EQ(pool->active_memory(), 10U);
  r.shrink_to(3);
  EXPECT_EQ(pool->active_memory(), 3U);
  r.release();
  r.release();
  EXPECT_EQ(pool->active_memory(), 0U);
}

TEST_F(Pool, MappedPagesAreShownAndNotCharged) {
  pool->set_memory_limit(kPage);
  {
    MappedNote note = pool->note_mapped(50 * kPage), other;
    other = std::move(note);
    EXPECT_EQ(pool->ledger().mapped_bytes, 50 * kPage);
    EXPECT_EQ(pool->active_memory(), 0U);
  }
  EXPECT_EQ(pool->ledger().mapped_bytes, 0U);
}

TEST_F(Pool, ABufferMayOutliveItsPoolsLastPointer) {
  Buffer buffer = take(2);
  pool.reset();
  buffer.data()[0] = std::byte{1};
  buffer.release();
  EXPECT_EQ(pages->mapped_bytes, 0U);
}

TEST_F(Pool, FailingTheNthMapLeavesNoCharge) {
  pool->set_cache_limit(2 * kPage);
  bool all_passed = false;
  for (int n = 1; !all_passed; ++n) {
    pages->maps = 0;
    pages->refuse_at = n;
    all_passed = true;
    for (std::size_t size : {4U, 9U, 2U}) {
      auto buffer = pool->allocate(MemoryHolder::kv, size * kPage);
      all_passed = all_passed && buffer.has_value();
      if (!buffer) break;
    }
    EXPECT_EQ(pool->active_memory(), 0U) << "after refusing map " << n;
    pool->clear_cache();
    ASSERT_LT(n, 10);
  }
  EXPECT_EQ(pages->mapped_bytes, 0U);
}

// How many of the buffer's pages are in memory.
std::size_t pages_in_memory(const Buffer& buffer) {
  std::vector<unsigned char> pages(buffer.size() / kPage);
  EXPECT_EQ(mincore(buffer.data(), buffer.size(), pages.data()), 0);
  return static_cast<std::size_t>(
      std::count_if(pages.begin(), pages.end(), [](auto page) { return page & 1; }));
}

TEST(Buffers, ZeroedMemoryIsZeroAndTakesNoneUntilItIsWrittenTo) {
  auto pool = MemoryPool::create();
  auto buffer = pool->allocate(MemoryHolder::kv, 16 * kPage);
  ASSERT_TRUE(buffer);
  std::fill_n(buffer->data(), buffer->size(), std::byte{7});
  ASSERT_EQ(pages_in_memory(*buffer), 16U);
  buffer->zero();
  EXPECT_EQ(pages_in_memory(*buffer), 0U);
  EXPECT_EQ(pool->active_memory(), 16 * kPage);
  buffer->data()[kPage] = std::byte{1};
  EXPECT_EQ(pages_in_memory(*buffer), 1U);
  EXPECT_EQ(buffer->data()[0], std::byte{0});
  EXPECT_EQ(buffer->data()[16 * kPage - 1], std::byte{0});
}

#ifdef __linux__

// Of the mapping that an address lies in, as the kernel lists them (proc(5)).
std::string kernel_flags(const std::byte* address) {
  std::ifstream mappings("/proc/self/smaps");
  bool inside = false;
  for (std::string line; std::getline(mappings, line);) {
    std::uintptr_t begin = 0, end = 0;
    if (std::sscanf(line.c_str(), "%" SCNxPTR "-%" SCNxPTR " ", &begin, &end) == 2) {
      const auto at = reinterpret_cast<std::uintptr_t>(address);
      inside = begin <= at && at < end;
    }
    if (inside && line.starts_with("VmFlags:")) return line + " ";
  }
  return {};
}

TEST(Buffers, TellTheKernelThatTheyPreferLargePages) {
  if (!std::filesystem::exists("/sys/kernel/mm/transparent_hugepage")) GTEST_SKIP() << "it has none";
  auto pool = MemoryPool::create();
  auto preferring = pool->allocate(MemoryHolder::weights_text, 8 * kMiB);
  auto other = pool->allocate(MemoryHolder::weights_text, 8 * kMiB);
  ASSERT_TRUE(preferring && other);
  preferring->prefer_large_pages();
  EXPECT_NE(kernel_flags(preferring->data()).find(" hg "), std::string::npos);
  EXPECT_EQ(kernel_flags(other->data()).find(" hg "), std::string::npos);
}

#endif

TEST_F(Pool, ZeroesWithoutTheOperatingSystemsHelpToo) {
  Buffer buffer = take(2);
  std::fill_n(buffer.data(), buffer.size(), std::byte{7});
  buffer.zero();
  EXPECT_TRUE(std::all_of(buffer.data(), buffer.data() + buffer.size(),
                          [](std::byte b) { return b == std::byte{0}; }));
}

}  // namespace
}  // namespace plimsoll
