#include <gtest/gtest.h>
#include <plimsoll/memory.h>
#include <plimsoll/size.h>

#include <atomic>
#include <deque>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "tests/unit/fake_reclaimer.h"

namespace plimsoll {
namespace {

using test::FakeReclaimer;
using Names = std::vector<std::string>;

// A process whose footprint is what its steps leave of it, and a clock that only steps move.
struct Ladder : testing::Test {
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  std::atomic<std::size_t> footprint = 1 * kGiB;
  std::size_t untrimmed = 0;  // what the heap would give
  int trims = 0;
  std::chrono::steady_clock::time_point now{};
  Names calls;
  std::deque<FakeReclaimer> reclaimers;
  std::vector<ReclaimRegistration> registrations;

  ReclaimLadder ladder{pool,
                       {.footprint_bytes = [this] { return footprint.load(); },
                        .trim_heap =
                            [this] {
                              ++trims;
                              footprint -= std::exchange(untrimmed, 0);
                            },
                        .now = [this] { return now; }}};

  // Gives `claims`, of which `returns` leave the process and the rest stays in the heap.
  void add(ReclaimRung rung, std::size_t claims, std::size_t returns) {
    reclaimers.emplace_back(rung, std::string(to_string(rung)), [this, rung, claims, returns](std::size_t) {
      calls.emplace_back(to_string(rung));
      footprint -= returns;
      now += std::chrono::milliseconds(7);
      return claims;
    });
    registrations.push_back(pool->add_reclaimer(reclaimers.back()));
  }
  void add_all_rungs() {
    for (ReclaimRung rung : {ReclaimRung::model, ReclaimRung::context, ReclaimRung::vision_encoder,
                             ReclaimRung::prompt_prefixes, ReclaimRung::image_embeddings})
      add(rung, 10 * kMiB, 10 * kMiB);
  }
};

TEST(ReclaimNames, ReadAsTheLadderGoes) {
  EXPECT_EQ(to_string(ReclaimRung::buffer_cache), "buffer cache");
  EXPECT_EQ(to_string(ReclaimRung::image_embeddings), "image embeddings");
  EXPECT_EQ(to_string(ReclaimRung::prompt_prefixes), "prompt prefixes");
  EXPECT_EQ(to_string(ReclaimRung::vision_encoder), "vision encoder");
  EXPECT_EQ(to_string(ReclaimRung::context), "context");
  EXPECT_EQ(to_string(ReclaimRung::model), "model");
  EXPECT_EQ(to_string(ReclaimExtent::light), "light");
  EXPECT_EQ(to_string(ReclaimExtent::aggressive), "aggressive");
  EXPECT_EQ(to_string(ReclaimExtent::emergency), "emergency");
}

TEST_F(Ladder, LightGivesTheCachesAggressiveAllButTheModelEmergencyTheModelToo) {
  add_all_rungs();
  ladder.climb(ReclaimExtent::light);
  EXPECT_EQ(calls, (Names{"image embeddings", "prompt prefixes"}));
  calls.clear();
  ladder.climb(ReclaimExtent::aggressive);
  EXPECT_EQ(calls, (Names{"image embeddings", "prompt prefixes", "vision encoder", "context"}));
  calls.clear();
  ladder.climb(ReclaimExtent::emergency);
  EXPECT_EQ(calls, (Names{"image embeddings", "prompt prefixes", "vision encoder", "context", "model"}));
}

TEST_F(Ladder, BeginsWithTheBufferCache) {
  add_all_rungs();
  pool->set_cache_limit(kGiB);
  pool->allocate(MemoryHolder::kv, kMiB)->release();
  ASSERT_EQ(pool->cache_memory(), kMiB);
  const ReclaimOutcome outcome = ladder.climb(ReclaimExtent::light, 1);
  EXPECT_EQ(pool->cache_memory(), 0U);
  EXPECT_EQ(outcome.claimed_bytes, 11 * kMiB);  // the fake footprint does not know of the cache: one more
  EXPECT_EQ(ladder.records_since(0).front().rung, ReclaimRung::buffer_cache);
  EXPECT_EQ(ladder.records_since(0).front().claimed_bytes, kMiB);
}

TEST_F(Ladder, StopsAsSoonAsTheTargetCameBack) {
  add_all_rungs();
  const ReclaimOutcome outcome = ladder.climb(ReclaimExtent::emergency, 15 * kMiB);
  EXPECT_EQ(calls, (Names{"image embeddings", "prompt prefixes"}));
  EXPECT_EQ(outcome.claimed_bytes, 20 * kMiB);
  EXPECT_EQ(outcome.returned_bytes, 20 * kMiB);
  EXPECT_EQ(trims, 0);
}

TEST_F(Ladder, CountsWhatCameBackAndNotWhatWasClaimed) {
  add(ReclaimRung::image_embeddings, 50 * kMiB, 4 * kMiB);
  add(ReclaimRung::prompt_prefixes, 10 * kMiB, 10 * kMiB);
  const ReclaimOutcome outcome = ladder.climb(ReclaimExtent::light, 14 * kMiB);
  EXPECT_EQ(calls.size(), 2U);
  EXPECT_EQ(outcome.claimed_bytes, 60 * kMiB);
  EXPECT_EQ(outcome.returned_bytes, 14 * kMiB);
}

TEST_F(Ladder, AsksNobodyForNothing) {
  add_all_rungs();
  EXPECT_EQ(ladder.climb(ReclaimExtent::emergency, 0).returned_bytes, 0U);
  EXPECT_TRUE(calls.empty());
  EXPECT_EQ(trims, 0);
}

TEST_F(Ladder, WritesDownWhatAStepSaidAndWhatCameOfIt) {
  add(ReclaimRung::context, 40 * kMiB, 40 * kMiB);
  now += std::chrono::hours(1);
  const auto began = now;
  ladder.climb(ReclaimExtent::aggressive, 1);
  const auto records = ladder.records_since(0);
  ASSERT_EQ(records.size(), 1U);
  EXPECT_EQ(records[0].sequence, 1U);
  EXPECT_EQ(records[0].began, began);
  EXPECT_DOUBLE_EQ(records[0].duration_ms, 7);
  EXPECT_EQ(records[0].rung, ReclaimRung::context);
  EXPECT_EQ(records[0].name, "context");
  EXPECT_EQ(records[0].claimed_bytes, 40 * kMiB);
  EXPECT_EQ(records[0].returned_bytes, 40 * kMiB);
  EXPECT_TRUE(records[0].kept_promise);
}

TEST_F(Ladder, SaysSoWhenAStepDidNotGiveWhatItClaimed) {
  add(ReclaimRung::image_embeddings, 50 * kMiB, 4 * kMiB);
  ladder.climb(ReclaimExtent::light);
  EXPECT_EQ(ladder.records_since(0)[0].returned_bytes, 4 * kMiB);
  EXPECT_FALSE(ladder.records_since(0)[0].kept_promise);
  EXPECT_EQ(trims, 0);  // light never waits for the heap
}

TEST_F(Ladder, AFootprintThatGrewReturnedNothing) {
  add(ReclaimRung::image_embeddings, kMiB, static_cast<std::size_t>(-kMiB));
  EXPECT_EQ(ladder.climb(ReclaimExtent::light).returned_bytes, 0U);
  EXPECT_FALSE(ladder.records_since(0)[0].kept_promise);
}

TEST(ReclaimPromise, LeavesTheKernelsCountingErrorOutOfIt) {
  EXPECT_TRUE(keeps_promise(0, 0));
  EXPECT_TRUE(keeps_promise(256 * kKiB, 0));
  EXPECT_FALSE(keeps_promise(256 * kKiB + 1, 0));
  EXPECT_TRUE(keeps_promise(100 * kMiB, 98 * kMiB));
  EXPECT_FALSE(keeps_promise(100 * kMiB, 98 * kMiB - 1));
  EXPECT_TRUE(keeps_promise(kMiB, kGiB));
}

TEST_F(Ladder, AboveLightAStepThatFellShortHasItsHeapTrimmed) {
  add(ReclaimRung::context, 50 * kMiB, 10 * kMiB);
  untrimmed = 40 * kMiB;
  add(ReclaimRung::model, 10 * kMiB, 10 * kMiB);
  const ReclaimOutcome outcome = ladder.climb(ReclaimExtent::emergency, 50 * kMiB);
  EXPECT_EQ(calls, (Names{"context"}));
  EXPECT_EQ(outcome.returned_bytes, 50 * kMiB);
  EXPECT_TRUE(ladder.records_since(0)[0].kept_promise);
  EXPECT_EQ(trims, 1);
}

TEST_F(Ladder, AboveLightTheHeapIsTrimmedOnceWhenTheTargetIsNotMet) {
  add(ReclaimRung::context, 10 * kMiB, 10 * kMiB);
  untrimmed = 5 * kMiB;
  const ReclaimOutcome outcome = ladder.climb(ReclaimExtent::aggressive);
  EXPECT_EQ(trims, 1);
  EXPECT_EQ(outcome.claimed_bytes, 10 * kMiB);
  EXPECT_EQ(outcome.returned_bytes, 15 * kMiB);
  EXPECT_EQ(ladder.climb(ReclaimExtent::aggressive).returned_bytes, 10 * kMiB);
  EXPECT_EQ(trims, 2);  // each climb anew
}

TEST_F(Ladder, KeepsTheLastRecordsAndCountsOn) {
  add(ReclaimRung::image_embeddings, 0, 0);
  for (std::size_t i = 0; i < ReclaimLadder::kHistory + 10; ++i) ladder.climb(ReclaimExtent::light);
  const auto all = ladder.records_since(0);
  ASSERT_EQ(all.size(), ReclaimLadder::kHistory);
  EXPECT_EQ(all.front().sequence, 11U);
  EXPECT_EQ(all.back().sequence, ReclaimLadder::kHistory + 10);
  const auto newest = ladder.records_since(all.back().sequence - 2);
  ASSERT_EQ(newest.size(), 2U);
  EXPECT_EQ(newest.front().sequence, all.back().sequence - 1);
  EXPECT_TRUE(ladder.records_since(all.back().sequence).empty());
}

// Two threads that want the same bytes: what the first one's climb brings is not taken twice.
TEST(ReclaimLadderThreads, ASecondClimbWaitsAndCountsWhatCameBackMeanwhile) {
  auto pool = MemoryPool::create();
  std::atomic<std::size_t> footprint = 100 * kMiB;
  std::promise<void> first_is_inside, second_has_come;
  std::once_flag once;
  const auto second_climber = std::this_thread::get_id();
  ReclaimLadder ladder(pool, {.footprint_bytes = [&] {
                         const std::size_t bytes = footprint;
                         if (std::this_thread::get_id() == second_climber)
                           std::call_once(once, [&] { second_has_come.set_value(); });
                         return bytes;
                       }});
  FakeReclaimer slow(ReclaimRung::image_embeddings, "slow", [&](std::size_t) {
    first_is_inside.set_value();
    second_has_come.get_future().wait();
    footprint -= 10 * kMiB;
    slow.reclaimable = 0;
    return 10 * kMiB;
  });
  FakeReclaimer next(ReclaimRung::prompt_prefixes, "next", [&](std::size_t target) {
    EXPECT_EQ(target, 2 * kMiB);
    footprint -= target;
    return target;
  });
  const auto slow_registration = pool->add_reclaimer(slow), next_registration = pool->add_reclaimer(next);
  std::thread first([&] { ladder.climb(ReclaimExtent::light, 10 * kMiB); });
  first_is_inside.get_future().wait();
  EXPECT_EQ(ladder.climb(ReclaimExtent::light, 12 * kMiB).returned_bytes, 2 * kMiB);
  first.join();
}

TEST(ReclaimLadderThreads, ClimbOneAtATime) {
  auto pool = MemoryPool::create();
  std::atomic<int> inside = 0;
  ReclaimLadder ladder(pool, {.footprint_bytes = [] { return kGiB; }, .trim_heap = [] {}});
  FakeReclaimer step(ReclaimRung::context, "step", [&](std::size_t) {
    EXPECT_EQ(++inside, 1);
    std::this_thread::yield();
    --inside;
    return std::size_t{0};
  });
  const auto registration = pool->add_reclaimer(step);
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int n = 0; n < 50; ++n) {
        ladder.climb(ReclaimExtent::aggressive);
        ladder.records_since(0);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(ladder.records_since(0).back().sequence, 200U);
}

}  // namespace
}  // namespace plimsoll
