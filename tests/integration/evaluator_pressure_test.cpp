// What pressure takes away, and that what is taken comes back (spec sections 5 and 6).
#include <algorithm>
#include <atomic>
#include <thread>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

using Clock = std::chrono::steady_clock;

// A device whose use is what the test says; measured often, so that nobody waits.
class PressedDevice {
 public:
  PressedDevice() {
    MonitorOptions options;
    options.sample = [this]() -> Expected<MemoryUse> {
      return MemoryUse{kCapacity / 100 * percent.load(), kCapacity, "a test"};
    };
    options.sources = PressureSources{};
    options.interval = std::chrono::milliseconds(5);
    monitor = std::make_shared<MemoryMonitor>(std::move(options));
  }

  static constexpr std::uint64_t kCapacity = 4 * kGiB;
  std::atomic<unsigned> percent{10};
  std::shared_ptr<MemoryMonitor> monitor;
};

struct UnderPressure : testing::Test {
  PressedDevice device;
  Bench bench{configuration_for(Strategy::tiered, DeviceMemoryTier::standard), device.monitor};

  // Something in every rung: a model, an encoder, a context, and a cached buffer of a larger context.
  void fill_every_rung() {
    ASSERT_TRUE(bench->generate(ask("What is in these?", {picture("cat.png"), picture("guitar.png")})));
    ASSERT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
    ASSERT_GT(bench.pool->cache_memory(), 0U);
    ASSERT_GT(bench.pool->ledger().of(MemoryHolder::weights_vision), 0U);
    ASSERT_GT(bench.pool->ledger().of(MemoryHolder::kv), 0U);
  }
  std::size_t held(MemoryHolder holder) const { return bench.pool->ledger().of(holder); }
  bool was_asked(ReclaimRung rung) const {
    const auto records = bench.evaluator->ladder().records_since(0);
    return std::any_of(records.begin(), records.end(),
                       [&](const auto& record) { return record.rung == rung; });
  }
  void see_checks(int count) const {
    for (int i = 0; i < count; ++i) std::this_thread::sleep_for(std::chrono::milliseconds(6));
  }
};

TEST_F(UnderPressure, Spec6NormalCheckDoesNothing) {
  fill_every_rung();
  const std::size_t cached = bench.pool->cache_memory();
  see_checks(5);
  EXPECT_EQ(bench.pool->cache_memory(), cached);
  EXPECT_TRUE(bench.evaluator->ladder().records_since(0).empty());
  EXPECT_EQ(bench->load_state(), LoadState::loaded);
}

TEST_F(UnderPressure, Spec6WarningCheckClearsTheCacheAndNothingElse) {
  fill_every_rung();
  device.percent = 75;
  EXPECT_TRUE(eventually([&] { return bench.pool->cache_memory() == 0; }));
  see_checks(5);
  EXPECT_GT(held(MemoryHolder::weights_vision), 0U);
  EXPECT_GT(held(MemoryHolder::kv), 0U);
  EXPECT_EQ(bench->load_state(), LoadState::loaded);
  EXPECT_FALSE(was_asked(ReclaimRung::vision_encoder));
}

TEST_F(UnderPressure, Spec6CriticalCheckTakesAllThatIsIdleButTheModel) {
  fill_every_rung();
  device.percent = 90;
  EXPECT_TRUE(eventually([&] {
    return held(MemoryHolder::weights_vision) + held(MemoryHolder::kv) + bench.pool->cache_memory() == 0;
  }));
  EXPECT_FALSE(device.monitor->can_keep_model_loaded());
  see_checks(5);
  EXPECT_GT(held(MemoryHolder::weights_text), 0U);
  EXPECT_EQ(bench->load_state(), LoadState::loaded);
  EXPECT_FALSE(was_asked(ReclaimRung::model));
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

TEST_F(UnderPressure, Spec6EmergencyUnloadsTheModel) {
  fill_every_rung();
  const auto start = Clock::now();
  device.monitor->report_system_warning();
  EXPECT_LT(Clock::now() - start, std::chrono::milliseconds(kSanitized ? 100 : 10));
  EXPECT_EQ(device.monitor->pressure(), MemoryPressure::critical);
  EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() + bench.pool->cache_memory() == 0; }));
  EXPECT_TRUE(eventually([&] { return bench->load_state() == LoadState::idle; }));
  std::vector<ReclaimRung> order;
  for (const ReclaimRecord& record : bench.evaluator->ladder().records_since(0)) {
    order.push_back(record.rung);
    EXPECT_GT(record.claimed_bytes, 0U) << to_string(record.rung);
  }
  EXPECT_TRUE(std::is_sorted(order.begin(), order.end())) << "from the cheapest to the dearest";
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

// While a warning holds, the pressure is critical: then the next load is not kept.
TEST_F(UnderPressure, Spec5AModelIsNotKeptWhilePressureIsCritical) {
  device.percent = 90;
  ASSERT_TRUE(eventually([&] { return !device.monitor->can_keep_model_loaded(); }));
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
  EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() == 0; }));
  EXPECT_EQ(bench->load_state(), LoadState::idle);
}

TEST_F(UnderPressure, AnEmergencyInTheMiddleOfAnAnswerEndsItInLessMemoryAndThenUnloads) {
  GenerationRequest request = ask("Describe this image.", {picture("garden.png")});
  request.temperature = 50.0F;  // it would go on for long
  request.seed = 3;
  request.top_p = 1.0F;
  request.max_tokens = 1500;
  std::atomic<bool> warned = false;
  std::size_t kv_before = 0, kv_least = 0;
  auto result = bench->generate(request, [&](std::string_view) {
    if (!warned.exchange(true)) {
      kv_before = kv_least = held(MemoryHolder::kv);
      device.monitor->report_system_warning();
    }
    kv_least = std::min(kv_least, held(MemoryHolder::kv));
  });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->finish_reason, FinishReason::memory);
  EXPECT_FALSE(result->answer.empty());
  EXPECT_LT(result->timing.tokens, 1500);
  EXPECT_LT(kv_least, kv_before);
  EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() == 0; }));
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

// Greedy, so that a context that was moved in the middle shows if it moved badly.
TEST_F(UnderPressure, AnAnswerThatIsMovedIntoASmallerContextGoesOnAsItWas) {
  GenerationRequest request = ask("Describe this image.", {picture("garden.png")});
  const auto expected = bench->generate(request);
  ASSERT_TRUE(expected);
  ASSERT_GT(expected->timing.tokens, 6);
  std::atomic<bool> warned = false;
  auto moved = bench->generate(request, [&](std::string_view) {
    if (!warned.exchange(true)) device.monitor->report_system_warning();
  });
  ASSERT_TRUE(moved);
  EXPECT_EQ(moved->answer, expected->answer);
}

// What a plan that streams keeps in memory is private: no kernel could take it away.
TEST(StreamedUnderPressure, AnAnswerGoesOnWithFewerLayersKept) {
  EngineSettings settings{.vision = VisionResidency::on_demand};
  settings.streamed_text_resident_bytes = 64 * kMiB;  // all of them
  PressedDevice device;
  Bench bench(configuration_for(Strategy::tiered, DeviceMemoryTier::standard), device.monitor, settings);
  const auto request = ask("Describe this image.", {picture("garden.png")});
  const auto expected = bench->generate(request);
  ASSERT_TRUE(expected) << expected.error().message;
  bench->unload_model();
  ASSERT_TRUE(eventually([&] { return bench.pool->active_memory() == 0; }));

  std::size_t before = 0, least = 0;
  const auto result = bench->generate(request, [&](std::string_view) {
    const std::size_t held = bench.pool->ledger().of(MemoryHolder::weights_text);
    if (before == 0) before = least = held;
    device.percent = 90;
    // Shown about every four tokens: time for the engine to be asked between two of them.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    least = std::min(least, bench.pool->ledger().of(MemoryHolder::weights_text));
  });
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, expected->answer);
  EXPECT_EQ(result->finish_reason, FinishReason::stop);
  EXPECT_LT(least, before);
}

// What the original app did, and only under its own name.
TEST(Legacy, GivesTheModelBackBeforeItsCallerGoesOn) {
  Bench bench(configuration_for(Strategy::legacy, DeviceMemoryTier::low));
  for (int round = 0; round < 2; ++round) {
    auto result = bench->generate(ask_about_dog_and_car());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(bench.pool->active_memory() + bench.pool->cache_memory(), 0U) << "the caller waited for it";
    EXPECT_GT(result->timing.load_ms, 0);
  }
}

TEST(Legacy, QuickFixClearsTheCacheOnCancelOnItsLowestClass) {
  Bench bench(configuration_for(Strategy::quick_fix, DeviceMemoryTier::ultra_low),
              [] { return MemoryPressure::normal; });
  auto handle = bench->load();
  ASSERT_TRUE(handle);
  auto result = bench->generate(ask("Describe this image.", {picture("garden.png")}),
                                [&](std::string_view) { bench->cancel_generation(); });
  ASSERT_TRUE(result);
  EXPECT_TRUE(eventually([&] { return bench.pool->cache_memory() == 0; }));
}

TEST(Fitted, KeepsAModelThatLeavesTheDeviceRoomAlsoOnALowClass) {
  Bench bench(configuration_for(Strategy::fitted, DeviceMemoryTier::low));
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
  EXPECT_EQ(bench->load_state(), LoadState::loaded);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->timing.load_ms, 0);
}

}  // namespace
}  // namespace plimsoll::test
