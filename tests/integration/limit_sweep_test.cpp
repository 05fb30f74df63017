// Every memory limit is met with an answer or with a refusal that says who holds what; never with a crash.
#include <iostream>
#include <numeric>
#include <set>

#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

// With settings there is no plan: the line itself refuses, in the middle of what was begun.
Bench bench_with_limit(std::uint64_t limit_bytes, std::optional<EngineSettings> settings = EngineSettings{},
                       ModelFiles model = bundled_model()) {
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
  configuration.memory_limit_bytes = limit_bytes;
  return Bench(configuration, {}, std::move(model), settings);
}

void expect_sensible_denial(const Error& error, std::uint64_t limit_bytes) {
  EXPECT_EQ(error.code, ErrorCode::over_budget) << error.message;
  ASSERT_TRUE(error.denial) << error.message;
  const BudgetDenial& denial = *error.denial;
  EXPECT_FALSE(denial.holder.empty());
  EXPECT_GT(denial.requested_bytes, denial.available_bytes);
  EXPECT_EQ(denial.limit_bytes, limit_bytes);
  const std::size_t held =
      std::accumulate(denial.holders.begin(), denial.holders.end(), std::size_t{0},
                      [](std::size_t sum, const HolderShare& share) { return sum + share.bytes; });
  EXPECT_EQ(held + denial.available_bytes, limit_bytes);
}

// Asks below the limit. Returns who was refused, or nothing when the answer came.
std::optional<std::string> refused_holder(const GenerationRequest& request, std::string_view answer,
                                          std::uint64_t limit_bytes,
                                          const ModelFiles& model = bundled_model()) {
  std::optional<std::string> refused;
  std::shared_ptr<MemoryPool> pool;
  {
    Bench bench = bench_with_limit(limit_bytes, EngineSettings{}, model);
    pool = bench.pool;
    auto result = bench->generate(request);
    if (result) {
      EXPECT_EQ(result->answer, answer);
    } else {
      expect_sensible_denial(result.error(), limit_bytes);
      if (result.error().denial) refused = result.error().denial->holder;
    }
    EXPECT_LE(pool->peak_memory(), limit_bytes);
  }
  EXPECT_EQ(pool->active_memory(), 0U);
  return refused;
}

const GenerationRequest kText = ask("Hello");
constexpr std::string_view kTextAnswer = "Hello! Show me a picture and ask a question.";

TEST(LimitSweep, EveryLimitInStepsOfSixteenMegabytesIsMet) {
  int answered = 0;
  for (std::uint64_t limit = 16 * kMiB; limit <= 160 * kMiB; limit += 16 * kMiB) {
    answered += refused_holder(kText, kTextAnswer, limit) ? 0 : 1;
    answered += refused_holder(ask_about_dog_and_car(), kDogAndCar, limit) ? 0 : 1;
  }
  EXPECT_GE(answered, 14) << "from 48 MB on both questions fit";
}

// With a plan less is enough, and what is not enough is known before anything is loaded.
TEST(LimitSweep, APlanAnswersOrRefusesBeforeTheLoad) {
  std::uint64_t smallest = 0;
  for (std::uint64_t limit = 4 * kMiB; limit <= 64 * kMiB; limit += 2 * kMiB) {
    Bench bench = bench_with_limit(limit, std::nullopt);
    auto result = bench->generate(ask_about_dog_and_car());
    EXPECT_LE(bench.pool->peak_memory(), limit);
    const auto plan = bench->plan();
    ASSERT_TRUE(plan);
    EXPECT_EQ(plan->fits(), result.has_value()) << "at a limit of " << limit;
    if (result) {
      if (smallest == 0) smallest = limit;
      EXPECT_EQ(result->finish_reason, FinishReason::stop);
      if (plan->settings.kv_type == KvType::f16) {
        EXPECT_EQ(result->answer, kDogAndCar);
      }
      continue;
    }
    EXPECT_EQ(smallest, 0U) << "a higher limit never refuses what a lower one allowed";
    ASSERT_TRUE(result.error().denial) << result.error().message;
    EXPECT_EQ(result.error().code, ErrorCode::over_budget);
    EXPECT_EQ(result.error().denial->requested_bytes - result.error().denial->available_bytes,
              plan->missing_bytes);
    EXPECT_EQ(result.error().denial->limit_bytes, limit);
    EXPECT_LT(bench.pool->peak_memory(), kMiB) << "refused before the load";
  }
  std::cout << "the smallest limit that answers: " << smallest / kMiB << " MiB\n";
  EXPECT_LE(smallest, 30 * kMiB);
}

// Fine steps, so that each thing that is allocated on the way is the one that is refused at some limit.
TEST(LimitSweep, EveryHolderIsRefusedCleanlyAtSomeLimit) {
  std::set<std::string> refused;
  for (std::uint64_t limit = 4 * kMiB; limit <= 44 * kMiB; limit += 512 * kKiB) {
    if (auto holder = refused_holder(ask_about_dog_and_car(), kDogAndCar, limit)) refused.insert(*holder);
    if (testing::Test::HasFailure()) FAIL() << "at a limit of " << limit;
  }
  for (const std::string& holder : refused) std::cout << "refused at some limit: " << holder << "\n";
  // Decoding takes more than encoding, and comes before it: the encoder's compute memory is never what is
  // short.
  for (const char* holder : {"weights.text", "weights.vision", "media"}) {
    EXPECT_TRUE(refused.contains(holder)) << holder;
  }
}

// A vision encoder would make room for it; without one the language model's own memory is what is refused.
TEST(LimitSweep, WithoutPicturesTheContextIsRefusedCleanly) {
  std::set<std::string> refused;
  GenerationRequest request = kText;
  request.max_tokens = 2000;
  ModelFiles model = bundled_model();
  model.vision.clear();
  for (std::uint64_t limit = 10 * kMiB; limit <= 24 * kMiB; limit += 128 * kKiB) {
    if (auto holder = refused_holder(request, kTextAnswer, limit, model)) refused.insert(*holder);
    if (testing::Test::HasFailure()) FAIL() << "at a limit of " << limit;
  }
  EXPECT_TRUE(refused.contains("kv"));
  EXPECT_TRUE(refused.contains("compute.text"));
}

TEST(LimitSweep, TheVisionEncoderMakesRoomForTheContext) {
  Bench bench = bench_with_limit(31 * kMiB);
  ASSERT_TRUE(bench->load());
  GenerationRequest request = kText;
  request.max_tokens = 2000;
  auto result = bench->generate(request);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, kTextAnswer);
  EXPECT_EQ(bench.pool->ledger().of(MemoryHolder::weights_vision), 0U);
  bench.pool->set_memory_limit(64 * kMiB);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

TEST(LimitSweep, AHigherLimitHelpsTheSameEvaluator) {
  Bench bench = bench_with_limit(26 * kMiB);
  auto refused = bench->generate(ask_about_dog_and_car());
  ASSERT_FALSE(refused);
  expect_sensible_denial(refused.error(), 26 * kMiB);
  bench.pool->set_memory_limit(64 * kMiB);
  auto result = bench->generate(ask_about_dog_and_car());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, kDogAndCar);
}

}  // namespace
}  // namespace plimsoll::test
