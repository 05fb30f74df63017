// Large charges against a device that is measured. The device, and which pages were written to, are made up.
#include <gtest/gtest.h>
#include <plimsoll/memory.h>
#include <plimsoll/size.h>

#include <atomic>
#include <cstdlib>
#include <future>
#include <map>
#include <thread>
#include <vector>

#include "memory/page_source.h"

namespace plimsoll {
namespace {

const std::size_t kPage = PageSource::page_bytes();

// A machine of `free_bytes`, of which written pages are gone.
struct Device {
  std::size_t free_bytes = 100 * kMiB;
  std::size_t written_bytes = 0;
  int measured = 0;
  PendingMemory pending;  // at the latest measurement

  MeasuredRoom measure(const PendingMemory& now) {
    ++measured;
    pending = now;
    const std::size_t taken = written_bytes + now.bytes();
    return {free_bytes - std::min(free_bytes, taken), 128 * kMiB, "/a/cgroup"};
  }
};

// Pages that are in memory when the test says so.
class PagesOfDevice : public PageSource {
 public:
  struct Told {
    std::map<std::byte*, std::size_t> written;  // bytes by buffer
    int looks = 0;
    bool has_none = false;
  };
  PagesOfDevice(std::shared_ptr<Device> device, std::shared_ptr<Told> told)
      : device_(std::move(device)), told_(std::move(told)) {}

  std::byte* map(std::size_t bytes) override {
    return told_->has_none ? nullptr : static_cast<std::byte*>(std::aligned_alloc(kPage, bytes));
  }
  void unmap(std::byte* data, std::size_t) noexcept override {
    forget(data);
    std::free(data);
  }
  void zero(std::byte* data, std::size_t) noexcept override { forget(data); }
  std::size_t resident_bytes(std::byte* data, std::size_t) const noexcept override {
    ++told_->looks;
    return told_->written[data];
  }

 private:
  void forget(std::byte* data) noexcept {
    device_->written_bytes -= told_->written[data];
    told_->written.erase(data);
  }
  std::shared_ptr<Device> device_;
  std::shared_ptr<Told> told_;
};

struct MeasuredRoomTest : testing::Test {
  std::shared_ptr<Device> device = std::make_shared<Device>();
  std::shared_ptr<PagesOfDevice::Told> pages = std::make_shared<PagesOfDevice::Told>();
  std::shared_ptr<MemoryPool> pool = MemoryPool::create(std::make_unique<PagesOfDevice>(device, pages));

  MeasuredRoomTest() {
    pool->set_room_probe(
        [device = device](const PendingMemory& pending) { return device->measure(pending); });
  }
  void write_to(const Buffer& buffer, std::size_t bytes) {
    pages->written[buffer.data()] += bytes;
    device->written_bytes += bytes;
  }
  Buffer take(std::size_t bytes) {
    auto buffer = pool->allocate(MemoryHolder::kv, bytes);
    EXPECT_TRUE(buffer) << buffer.error().message;
    return buffer ? std::move(*buffer) : Buffer();
  }
};

TEST_F(MeasuredRoomTest, RefusesWhatTheDeviceHasNotAndNamesItsBound) {
  auto refused = pool->reserve(MemoryHolder::media, 101 * kMiB);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::over_budget);
  const BudgetDenial& denial = refused.error().denial.value();
  EXPECT_EQ(denial.holder, "media");
  EXPECT_EQ(denial.bound, "/a/cgroup");
  EXPECT_EQ(denial.requested_bytes, 101 * kMiB);
  EXPECT_EQ(denial.available_bytes, 100 * kMiB);
  EXPECT_EQ(denial.limit_bytes, 128 * kMiB);
  EXPECT_FALSE(pool->allocate(MemoryHolder::kv, 101 * kMiB));
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 100 * kMiB));
}

TEST_F(MeasuredRoomTest, ARefusedChargeLeavesNoTrace) {
  EXPECT_FALSE(pool->reserve(MemoryHolder::media, 101 * kMiB));
  EXPECT_EQ(pool->active_memory(), 0U);
  EXPECT_EQ(pool->peak_memory(), 0U);
  pool->set_memory_limit(100 * kMiB);
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 100 * kMiB));
}

TEST_F(MeasuredRoomTest, DoesNotMeasureSmallCharges) {
  device->free_bytes = 0;
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, kMeasuredChargeBytes - 1));
  EXPECT_TRUE(pool->allocate(MemoryHolder::kv, kMeasuredChargeBytes - kPage));
  EXPECT_EQ(device->measured, 0);
  EXPECT_FALSE(pool->reserve(MemoryHolder::media, kMeasuredChargeBytes));
}

TEST_F(MeasuredRoomTest, DoesNotMeasurePagesOfFiles) {
  device->free_bytes = 0;
  auto mapped = pool->reserve(MemoryHolder::weights_text, kGiB);
  EXPECT_TRUE(mapped);
  EXPECT_EQ(device->measured, 0);
  device->free_bytes = 10 * kMiB;
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 10 * kMiB)) << "they are not pending either";
}

TEST_F(MeasuredRoomTest, TheLimitComesFirst) {
  pool->set_memory_limit(50 * kMiB);
  auto refused = pool->reserve(MemoryHolder::media, 60 * kMiB);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().denial->bound, kMemoryLimitBound);
  EXPECT_EQ(device->measured, 0);
}

TEST_F(MeasuredRoomTest, CountsWhatADecoderHasNotTakenYet) {
  auto decoding = *pool->reserve(MemoryHolder::media, 60 * kMiB);
  EXPECT_FALSE(pool->reserve(MemoryHolder::media, 50 * kMiB));
  EXPECT_EQ(device->pending.promised_bytes, 60 * kMiB);
  EXPECT_FALSE(pool->allocate(MemoryHolder::compute_vision, 50 * kMiB));
  decoding.shrink_to(50 * kMiB);
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 50 * kMiB));
  decoding.release();
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 100 * kMiB));
}

TEST_F(MeasuredRoomTest, DoesNotCountTwiceWhatADecoderHasTaken) {
  auto decoding = *pool->reserve(MemoryHolder::media, 60 * kMiB);
  device->written_bytes += 60 * kMiB;
  EXPECT_FALSE(pool->reserve(MemoryHolder::media, 40 * kMiB));
  decoding.mark_taken();
  decoding.mark_taken();
  Reservation moved = std::move(decoding);
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 40 * kMiB));
  EXPECT_EQ(pool->ledger().of(MemoryHolder::media), 60 * kMiB);
  moved.release();
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 40 * kMiB));
  EXPECT_EQ(device->pending.promised_bytes, 0U);
}

TEST_F(MeasuredRoomTest, CountsPagesOfBuffersThatNobodyHasWrittenTo) {
  Buffer kv = take(60 * kMiB);
  write_to(kv, 20 * kMiB);
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 40 * kMiB));
  EXPECT_EQ(device->pending.untouched_bytes, 40 * kMiB);
  EXPECT_EQ(device->pending.promised_bytes, 0U);
  EXPECT_FALSE(pool->reserve(MemoryHolder::media, 41 * kMiB));
  kv.release();
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 100 * kMiB));
}

TEST_F(MeasuredRoomTest, LooksNoMoreAtABufferThatIsFullUntilItIsZeroed) {
  Buffer weights = take(10 * kMiB);
  write_to(weights, 10 * kMiB);
  take(kMiB);
  const int looks = pages->looks;
  take(kMiB);
  EXPECT_EQ(pages->looks, looks);
  weights.zero();
  take(kMiB);
  EXPECT_GT(pages->looks, looks);
  EXPECT_EQ(device->pending.untouched_bytes, 10 * kMiB);
}

TEST_F(MeasuredRoomTest, CountsABufferOfTheCacheWhenItIsUsedAgain) {
  pool->set_cache_limit(100 * kMiB);
  take(60 * kMiB).release();
  EXPECT_EQ(pool->cache_memory(), 60 * kMiB);
  Buffer again = take(60 * kMiB);
  EXPECT_FALSE(pool->reserve(MemoryHolder::media, 41 * kMiB));
  EXPECT_EQ(device->pending.untouched_bytes, 60 * kMiB);
}

TEST_F(MeasuredRoomTest, DropsTheCacheBeforeItRefuses) {
  pool->set_cache_limit(100 * kMiB);
  Buffer used = take(60 * kMiB);
  write_to(used, 60 * kMiB);
  used.release();
  EXPECT_EQ(device->written_bytes, 60 * kMiB);
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 90 * kMiB));
  EXPECT_EQ(pool->cache_memory(), 0U);
}

TEST_F(MeasuredRoomTest, WhereTheSystemHasNoPagesNothingStaysPending) {
  pages->has_none = true;
  EXPECT_EQ(pool->allocate(MemoryHolder::kv, 60 * kMiB).error().code, ErrorCode::out_of_memory);
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 100 * kMiB));
  EXPECT_EQ(device->pending.bytes(), 0U);
}

TEST_F(MeasuredRoomTest, WithoutAProbeTheLimitAloneDecides) {
  pool->set_room_probe({});
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, kGiB));
}

// Holds a written buffer that it gives back when it is asked; what it let go lies in the pool's cache then.
class Holder : public Reclaimer {
 public:
  Holder(Buffer held, std::size_t bytes) : held_(std::move(held)), bytes_(bytes) {}
  ReclaimRung rung() const override { return ReclaimRung::prompt_prefixes; }
  std::string_view name() const override { return "a test's"; }
  std::size_t reclaimable_bytes() const override { return held_.size(); }
  std::size_t reclaim(std::size_t target_bytes) override {
    asked_for = target_bytes;
    held_.release();
    return bytes_;
  }
  std::size_t asked_for = 0;

 private:
  Buffer held_;
  std::size_t bytes_;
};

TEST_F(MeasuredRoomTest, AsksReclaimersForWhatIsMissingAndMeasuresAgain) {
  pool->set_cache_limit(100 * kMiB);
  Buffer kept = take(60 * kMiB);
  write_to(kept, 60 * kMiB);
  Holder holder(std::move(kept), 60 * kMiB);
  auto registration = pool->add_reclaimer(holder);
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 70 * kMiB));
  EXPECT_EQ(holder.asked_for, 30 * kMiB);
  EXPECT_EQ(pool->active_memory(), 0U);
}

TEST_F(MeasuredRoomTest, RefusesWhenReclaimersGaveTooLittle) {
  Buffer kept = take(10 * kMiB);
  write_to(kept, 10 * kMiB);
  device->free_bytes = 60 * kMiB;
  Holder holder(std::move(kept), 10 * kMiB);
  auto registration = pool->add_reclaimer(holder);
  auto refused = pool->reserve(MemoryHolder::media, 70 * kMiB);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().denial->available_bytes, 60 * kMiB) << "measured again";
}

// ---- threads ----

TEST(MeasuredRoomThreads, WhatIsBeingMeasuredIsBelowTheLimitAndNotInTheLedger) {
  auto pool = MemoryPool::create();
  pool->set_memory_limit(10 * kMiB);
  pool->set_room_probe([&](const PendingMemory&) {
    EXPECT_EQ(pool->active_memory(), 0U) << "and the lock is free";
    auto other = std::async(std::launch::async, [&] {
      return pool->reserve(MemoryHolder::kv, kMiB / 2).has_value() &&
             !pool->reserve(MemoryHolder::weights_text, 2 * kMiB).has_value();
    });
    EXPECT_TRUE(other.get());
    return MeasuredRoom{kGiB, kGiB, "a test"};
  });
  EXPECT_TRUE(pool->reserve(MemoryHolder::media, 9 * kMiB));
}

TEST(MeasuredRoomThreads, TwoDoNotPassOnTheSameRoom) {
  constexpr int kRounds = 500;
  constexpr std::size_t kRoom = 10 * kMiB;
  constexpr std::size_t kCharge = 6 * kMiB;
  auto pool = MemoryPool::create();
  std::atomic<int> inside = 0, most_inside = 0;
  pool->set_room_probe([&](const PendingMemory& pending) {
    most_inside = std::max<int>(most_inside, ++inside);
    std::this_thread::yield();
    --inside;
    return MeasuredRoom{kRoom - std::min(kRoom, pending.bytes()), kRoom, "a test"};
  });
  for (int round = 0; round < kRounds; ++round) {
    std::atomic<int> waiting = 2;
    const auto charge = [&](bool buffer) {
      --waiting;
      while (waiting > 0) std::this_thread::yield();
      auto reserved = buffer ? Expected<Reservation>() : pool->reserve(MemoryHolder::media, kCharge);
      auto allocated = buffer ? pool->allocate(MemoryHolder::kv, kCharge) : Expected<Buffer>();
      const bool charged = buffer ? allocated.has_value() : reserved.has_value();
      return std::pair(charged, std::pair(std::move(reserved), std::move(allocated)));
    };
    auto first = std::async(std::launch::async, charge, round % 2 == 0);
    const auto second = charge(false);
    const auto one = first.get();
    ASSERT_NE(one.first, second.first) << "in round " << round;
    ASSERT_EQ(pool->active_memory(), kCharge);
  }
  EXPECT_EQ(most_inside, 1);
}

// ---- the operating system's pages ----

TEST(AnonymousPages, AreInMemoryWhenTheyWereWrittenTo) {
  memory::AnonymousPages pages;
  const std::size_t bytes = 70 * kMiB;  // more than is looked at in one go
  std::byte* data = pages.map(bytes);
  ASSERT_NE(data, nullptr);
  EXPECT_EQ(pages.resident_bytes(data, bytes), 0U);
  for (const std::size_t at : {std::size_t{0}, 5 * kPage, 69 * kMiB}) data[at] = std::byte{1};
  EXPECT_EQ(pages.resident_bytes(data, bytes), 3 * kPage);
  pages.zero(data, bytes);
  EXPECT_EQ(pages.resident_bytes(data, bytes), 0U);
  pages.unmap(data, bytes);
  EXPECT_EQ(pages.resident_bytes(data, bytes), bytes) << "nothing of it is to come";
}

}  // namespace
}  // namespace plimsoll
