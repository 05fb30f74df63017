// Cancelling, being busy, and resetting in an emergency.
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

using Clock = std::chrono::steady_clock;

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// A generation on another thread. Long on purpose: sampled hot, it does not end by itself for a while.
class Running {
 public:
  explicit Running(Bench& bench) {
    thread_ = std::thread([this, &bench] {
      GenerationRequest request = ask("Describe this image.", {picture("garden.png")});
      request.temperature = 50.0F;
      request.seed = 3;
      request.top_p = 1.0F;
      request.max_tokens = 1500;
      result = bench->generate(request, [this](std::string_view) { text_arrived(); });
      ended = Clock::now();
      over = true;
    });
  }
  ~Running() { join(); }

  void wait_for_text() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return text_; });
  }
  void join() {
    if (thread_.joinable()) thread_.join();
  }

  std::optional<Expected<GenerationResult>> result;
  Clock::time_point ended;
  std::atomic<bool> over = false;

 private:
  void text_arrived() {
    std::lock_guard lock(mutex_);
    text_ = true;
    arrived_.notify_one();
  }
  std::thread thread_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  bool text_ = false;
};

TEST(Cancel, DuringTheAnswerKeepsWhatWasSaid) {
  Bench bench;
  Running running(bench);
  running.wait_for_text();
  bench->cancel_generation();
  running.join();
  ASSERT_TRUE(*running.result);
  EXPECT_EQ((*running.result)->finish_reason, FinishReason::cancelled);
  EXPECT_FALSE((*running.result)->answer.empty());
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

// The file and its decoded rows are small here; more than a MiB of media are the pixels of the tiles, which
// exist only while the picture is being encoded.
TEST(Cancel, DuringTheEncodingOfAPictureEndsItSoonAndTheNextWorks) {
  Bench bench;
  ASSERT_TRUE(bench->load());
  for (int round = 0; round < 5; ++round) {
    Running running(bench);
    ASSERT_TRUE(eventually([&] { return bench.pool->ledger().of(MemoryHolder::media) > kMiB; }));
    const auto start = Clock::now();
    bench->cancel_generation();
    running.join();
    ASSERT_TRUE(*running.result);
    EXPECT_EQ((*running.result)->finish_reason, FinishReason::cancelled);
    const double ms = std::chrono::duration<double, std::milli>(running.ended - start).count();
    EXPECT_LT(ms, kSanitized ? 10000 : 150);
  }
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

TEST(Cancel, DuringTheLoadLeavesNothingBehind) {
  Bench bench;
  auto cancelled = bench->load([&](Stage, float, std::string_view) { bench->cancel_generation(); });
  // The load is quick: a cancel that came too late is a load that succeeded.
  if (!cancelled) {
    EXPECT_EQ(cancelled.error().code, ErrorCode::cancelled);
    EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() == 0; }));
    EXPECT_EQ(bench->load_state(), LoadState::idle);
  }
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

// Nothing is told of it while a model is opened, so the cancels are spread over that time.
TEST(Cancel, WhileTheModelIsOpenedIsHeardAtOnceAndTheNextLoadIsWhole) {
  Bench bench;
  const auto begun = Clock::now();
  ASSERT_TRUE(bench->load());
  const double whole_ms = ms_since(begun);
  int heard = 0;
  for (int round = 0; round < 20; ++round) {
    bench->unload_model();
    double ended_ms = 0;
    std::optional<Expected<ModelHandle>> result;
    std::thread loading([&] {
      result = bench->load();
      ended_ms = ms_since(begun);
    });
    std::this_thread::sleep_for(std::chrono::duration<double, std::milli>(whole_ms * round / 20));
    const double asked_ms = ms_since(begun);
    bench->cancel_generation();
    loading.join();
    if (*result) continue;  // too early, or too late
    ++heard;
    EXPECT_EQ(result->error().code, ErrorCode::cancelled);
    EXPECT_LT(ended_ms - asked_ms, kSanitized ? 10000 : 150);
  }
  EXPECT_GT(heard, 0);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
  bench->unload_model();
  EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() == 0; }));
}

// As long as whoever says what there is for the plan takes, as a large vocabulary would.
TEST(Cancel, DoesNotWaitUntilTheModelIsPlanned) {
  constexpr auto kSlow = std::chrono::seconds(5);
  std::atomic<int> asked = 0;
  auto pool = MemoryPool::create();
  VlmEvaluator evaluator({.model = bundled_model(),
                          .configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard),
                          .device_memory_bytes = 4 * kGiB,
                          .budget =
                              [&] {
                                if (++asked == 1) std::this_thread::sleep_for(kSlow);
                                return measure_budget(*pool, 4 * kGiB);
                              }},
                         pool);
  std::thread cancelling([&] {
    EXPECT_TRUE(eventually([&] { return asked == 1; }));
    evaluator.cancel_generation();
  });
  const auto begun = Clock::now();
  const auto loaded = evaluator.load();
  const double took_ms = ms_since(begun);
  cancelling.join();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, ErrorCode::cancelled);
  EXPECT_LT(took_ms, 3000);  // opening the model, and a glance
  EXPECT_EQ(evaluator.generate(ask_about_dog_and_car())->answer, kDogAndCar);
  EXPECT_GE(asked, 2);
}

TEST(Cancel, IsNotRememberedWhenNothingRuns) {
  Bench bench;
  bench->cancel_generation();
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->finish_reason, FinishReason::stop);
  bench->cancel_generation();
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->finish_reason, FinishReason::stop);
}

TEST(Cancel, DuringTheLoadOfAQuestionCancelsTheQuestion) {
  Bench bench;
  auto result = bench->generate(ask_about_dog_and_car(), {},
                                [&](Stage, float, std::string_view) { bench->cancel_generation(); });
  ASSERT_TRUE(result);
  EXPECT_EQ(result->finish_reason, FinishReason::cancelled);
  EXPECT_TRUE(result->answer.empty());
}

TEST(Busy, ASecondGenerationIsRefusedWhileOneRuns) {
  Bench bench;
  Running running(bench);
  running.wait_for_text();
  const auto start = Clock::now();
  EXPECT_EQ(bench->generate(ask_about_dog_and_car()).error().code, ErrorCode::busy);
  EXPECT_LT(ms_since(start), kSanitized ? 1000 : 50);
  bench->cancel_generation();
}

TEST(Unload, ReturnsWhileAnAnswerIsStillWritten) {
  Bench bench;
  Running running(bench);
  running.wait_for_text();
  bench->unload_model();
  EXPECT_FALSE(running.over) << "the caller waited for it";
  bench->cancel_generation();
  running.join();
  EXPECT_TRUE(eventually([&] { return bench->load_state() == LoadState::idle; }));
}

TEST(EmergencyReset, CancelsUnloadsAndClears) {
  Bench bench;
  Running running(bench);
  running.wait_for_text();
  bench->emergency_memory_reset();
  running.join();
  EXPECT_EQ((*running.result)->finish_reason, FinishReason::cancelled);
  EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() + bench.pool->cache_memory() == 0; }));
  EXPECT_EQ(bench->load_state(), LoadState::idle);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

struct CancelUnderPressure : testing::TestWithParam<MemoryPressure> {};

// Spec section 6, column "on cancel".
TEST_P(CancelUnderPressure, CleansUpWhatThePressureAsksForAndNoMore) {
  Bench bench(configuration_for(Strategy::tiered, DeviceMemoryTier::standard), [] { return GetParam(); });
  ASSERT_TRUE(bench->generate(ask("What is in these images?", {picture("cat.png"), picture("guitar.png")})));
  ASSERT_TRUE(
      bench->generate(ask_about_dog_and_car()));  // a smaller context: the larger one's scratch is cached
  Running running(bench);
  running.wait_for_text();
  const std::size_t cached = bench.pool->cache_memory();
  ASSERT_GT(cached, 0U);
  bench->cancel_generation();
  running.join();
  switch (GetParam()) {
    case MemoryPressure::normal:
      EXPECT_GE(bench.pool->cache_memory(), cached);
      EXPECT_EQ(bench->load_state(), LoadState::loaded);
      break;
    case MemoryPressure::warning:
      EXPECT_TRUE(eventually([&] { return bench.pool->cache_memory() == 0; }));
      EXPECT_EQ(bench->load_state(), LoadState::loaded);
      break;
    case MemoryPressure::critical:
      EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() + bench.pool->cache_memory() == 0; }));
      EXPECT_EQ(bench->load_state(), LoadState::idle);
      break;
  }
}
INSTANTIATE_TEST_SUITE_P(Spec6, CancelUnderPressure,
                         testing::Values(MemoryPressure::normal, MemoryPressure::warning,
                                         MemoryPressure::critical),
                         [](const auto& parameter) { return std::string(to_string(parameter.param)); });

}  // namespace
}  // namespace plimsoll::test
