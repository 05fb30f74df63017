// How long a model stays in memory.
#include <optional>
#include <thread>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

bool becomes_empty(const MemoryPool& pool) {
  return eventually([&] { return pool.active_memory() == 0; });
}

// The model has gone; what a second question about the same picture can use may stay within the cache limit.
bool keeps_only_cache(const MemoryPool& pool) {
  return eventually([&] {
    const MemoryLedger ledger = pool.ledger();
    const std::size_t kept = ledger.of(MemoryHolder::cache_images) + ledger.of(MemoryHolder::cache_prefixes);
    return ledger.active_bytes == kept && kept <= ledger.cache_limit_bytes;
  });
}

TEST(Residency, AClassThatKeepsItsModelKeepsIt) {
  Bench bench(DeviceMemoryTier::standard);
  ASSERT_TRUE(bench->generate(ask("Hello")));
  EXPECT_EQ(bench->load_state(), LoadState::loaded);
  EXPECT_GT(bench.pool->ledger().of(MemoryHolder::weights_text), 0U);
}

TEST(Residency, AClassThatDoesNotLetsItGoAfterTheAnswer) {
  Bench bench(DeviceMemoryTier::low);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
  EXPECT_TRUE(keeps_only_cache(*bench.pool));
  EXPECT_EQ(bench->load_state(), LoadState::idle);
  EXPECT_EQ(bench->model_info(), "plimsoll-tiny • 22M • Low Memory");
  auto again = bench->generate(ask_about_dog_and_car());
  EXPECT_EQ(again->answer, kDogAndCar);
  EXPECT_GT(again->timing.load_ms, 0);
}

TEST(Residency, TheCallersHandleKeepsItAsLongAsItLives) {
  Bench bench(DeviceMemoryTier::low);
  {
    auto handle = bench->load();
    ASSERT_TRUE(handle);
    EXPECT_EQ(bench->load_state(), LoadState::idle);  // handed over, not cached
    EXPECT_EQ(bench->generate(ask("Hello"))->timing.load_ms, 0);
    EXPECT_EQ(bench->generate(ask("Hello"))->timing.load_ms, 0);
    // The language model stays; the encoder comes for the picture and leaves before the answer.
    EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
    EXPECT_EQ(bench.pool->ledger().of(MemoryHolder::weights_vision), 0U);
    EXPECT_GT(bench.pool->ledger().of(MemoryHolder::weights_text), 0U);
  }
  EXPECT_TRUE(keeps_only_cache(*bench.pool));
}

TEST(Residency, UnloadGivesTheMemoryBackAndTheNextQuestionLoadsAgain) {
  Bench bench;
  ASSERT_TRUE(bench->generate(ask_about_dog_and_car()));
  bench->unload_model();
  EXPECT_TRUE(becomes_empty(*bench.pool));
  EXPECT_EQ(bench->load_state(), LoadState::idle);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

TEST(Residency, UnloadWaitsForARunningAnswer) {
  Bench bench;
  ASSERT_TRUE(bench->load());
  bool unloaded = false;
  auto result = bench->generate(ask_about_dog_and_car(), [&](std::string_view) {
    if (!std::exchange(unloaded, true)) bench->unload_model();
  });
  EXPECT_EQ(result->answer, kDogAndCar);
  EXPECT_EQ(result->finish_reason, FinishReason::stop);
  EXPECT_TRUE(becomes_empty(*bench.pool));
}

TEST(Residency, UnloadIsStrongerThanAHandle) {
  Bench bench;
  auto handle = bench->load();
  ASSERT_TRUE(handle);
  bench->unload_model();
  EXPECT_TRUE(becomes_empty(*bench.pool));
  EXPECT_EQ(handle->info().name, "plimsoll-tiny");
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

TEST(Residency, AHandleMayOutliveItsEvaluator) {
  std::optional<ModelHandle> handle;
  std::shared_ptr<MemoryPool> pool;
  {
    Bench bench(DeviceMemoryTier::low);
    pool = bench.pool;
    auto loaded = bench->load();
    ASSERT_TRUE(loaded);
    handle = *loaded;
  }
  EXPECT_EQ(pool->active_memory(), 0U);
  EXPECT_EQ(handle->info().name, "plimsoll-tiny");
}

}  // namespace
}  // namespace plimsoll::test
