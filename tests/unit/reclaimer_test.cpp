#include <gtest/gtest.h>
#include <plimsoll/memory.h>

#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "tests/unit/fake_reclaimer.h"

namespace plimsoll {
namespace {

using test::FakeReclaimer;

static_assert(!std::is_copy_constructible_v<ReclaimRegistration> &&
              std::is_nothrow_move_constructible_v<ReclaimRegistration>);

constexpr std::size_t kLimit = 100;

struct Reclaimers : testing::Test {
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  std::vector<std::string> calls;

  Reclaimers() { pool->set_memory_limit(kLimit); }

  // Holds `bytes` of the pool, and gives all of them when asked.
  struct Holder {
    Reservation held;
    FakeReclaimer reclaimer;
    ReclaimRegistration registration;

    Holder(Reclaimers& test, ReclaimRung rung, const std::string& name, std::size_t bytes)
        : held(*test.pool->reserve(MemoryHolder::media, bytes)),
          reclaimer(rung, name,
                    [this, &test, name](std::size_t target) {
                      test.calls.push_back(name + " " + std::to_string(target));
                      const std::size_t given = held.bytes();
                      held.release();
                      reclaimer.reclaimable = 0;
                      return given;
                    }),
          registration(test.pool->add_reclaimer(reclaimer)) {}
  };

  bool charge(std::size_t bytes) { return pool->reserve(MemoryHolder::kv, bytes).has_value(); }
};

TEST_F(Reclaimers, AreAskedInTheOrderOfTheirRungsAndOnlyForWhatIsMissing) {
  Holder model(*this, ReclaimRung::model, "model", 30);
  Holder images(*this, ReclaimRung::image_embeddings, "images", 30);
  Holder context(*this, ReclaimRung::context, "context", 30);
  EXPECT_TRUE(charge(60));
  EXPECT_EQ(calls, (std::vector<std::string>{"images 50", "context 20"}));
  EXPECT_EQ(model.held.bytes(), 30U);
}

TEST_F(Reclaimers, OfOneRungAreAskedInTheOrderOfTheirRegistration) {
  Holder first(*this, ReclaimRung::context, "first", 30);
  Holder second(*this, ReclaimRung::context, "second", 30);
  EXPECT_TRUE(charge(100));
  EXPECT_EQ(calls, (std::vector<std::string>{"first 60", "second 30"}));
}

TEST_F(Reclaimers, AreNotAskedWhenTheyHaveNothing) {
  Holder busy(*this, ReclaimRung::vision_encoder, "busy", 30);
  busy.reclaimer.reclaimable = 0;  // a running graph uses it
  EXPECT_FALSE(charge(80));
  EXPECT_TRUE(calls.empty());
}

TEST_F(Reclaimers, AreAskedOnceBeforeTheChargeIsRefused) {
  Holder only(*this, ReclaimRung::context, "only", 30);
  auto refused = pool->reserve(MemoryHolder::kv, kLimit + 1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().denial->available_bytes, kLimit);
  EXPECT_EQ(calls, (std::vector<std::string>{"only 31"}));
}

TEST_F(Reclaimers, MayChargeThePoolWhileTheyGiveBackAndAreNotAskedByThat) {
  auto held = *pool->reserve(MemoryHolder::kv, 80);
  Reservation smaller;
  FakeReclaimer context(ReclaimRung::context, "context", [&](std::size_t) {
    calls.push_back("shrink");
    EXPECT_FALSE(pool->reserve(MemoryHolder::kv, 30));  // does not fit, and would ask us again
    held.release();
    smaller = *pool->reserve(MemoryHolder::kv, 30);
    return std::size_t{50};
  });
  const auto registration = pool->add_reclaimer(context);
  EXPECT_TRUE(charge(60));
  EXPECT_EQ(calls, (std::vector<std::string>{"shrink"}));
}

TEST_F(Reclaimers, AreNotAskedAfterTheirRegistrationHasGone) {
  Holder gone(*this, ReclaimRung::context, "gone", 30);
  ReclaimRegistration moved = std::move(gone.registration);
  gone.registration.release();  // moved from: ends nothing
  {
    Holder other(*this, ReclaimRung::context, "other", 30);
    moved = std::move(other.registration);
    EXPECT_TRUE(charge(60));
    moved.release();
  }
  EXPECT_EQ(calls, (std::vector<std::string>{"other 20"}));
  EXPECT_FALSE(charge(80));
  EXPECT_EQ(calls.size(), 1U);
}

TEST_F(Reclaimers, MayStayRegisteredLongerThanThePoolLives) {
  FakeReclaimer reclaimer(ReclaimRung::context, "context", [](std::size_t) { return std::size_t{0}; });
  auto registration = pool->add_reclaimer(reclaimer);
  pool.reset();
  registration.release();
}

TEST_F(Reclaimers, MayDropTheirOwnRegistrationAndThatOfALowerRungWhileTheyGiveBack) {
  Holder vision(*this, ReclaimRung::vision_encoder, "vision", 10);
  ReclaimRegistration own;
  FakeReclaimer model(ReclaimRung::model, "model", [&](std::size_t) {
    calls.push_back("model");
    vision.registration.release();
    own.release();
    return std::size_t{0};
  });
  own = pool->add_reclaimer(model);
  EXPECT_FALSE(charge(kLimit + 1));
  vision.reclaimer.reclaimable = 1;
  EXPECT_FALSE(charge(kLimit + 1));
  EXPECT_EQ(calls, (std::vector<std::string>{"vision 11", "model"}));
}

TEST_F(Reclaimers, AreNotBeingCalledAnyMoreOnceTheirRegistrationHasGone) {
  std::promise<void> inside, dropping;
  std::atomic<bool> left = false;
  FakeReclaimer slow(ReclaimRung::context, "slow", [&](std::size_t) {
    inside.set_value();
    dropping.get_future().wait();
    for (int i = 0; i < 1000; ++i) std::this_thread::yield();  // time to return too early
    left = true;
    return std::size_t{0};
  });
  auto registration = pool->add_reclaimer(slow);
  std::thread charging([&] { EXPECT_FALSE(charge(kLimit + 1)); });
  inside.get_future().wait();
  dropping.set_value();
  registration.release();
  EXPECT_TRUE(left);
  charging.join();
}

TEST_F(Reclaimers, ComeAndGoWhileOthersCharge) {
  std::atomic<bool> stop = false;
  std::vector<std::thread> charging;
  for (int i = 0; i < 2; ++i) {
    charging.emplace_back([&] {
      while (!stop) EXPECT_FALSE(charge(kLimit + 1));
    });
  }
  for (int i = 0; i < 30; ++i) {
    auto alive = std::make_unique<bool>(true);  // freed memory, for a sanitizer, once it has gone
    FakeReclaimer passing(ReclaimRung::context, "passing",
                          [&](std::size_t) { return *alive ? std::size_t{1} : std::size_t{0}; });
    const auto registration = pool->add_reclaimer(passing);
    std::this_thread::yield();
  }
  stop = true;
  for (std::thread& thread : charging) thread.join();
}

}  // namespace
}  // namespace plimsoll
