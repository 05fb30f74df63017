// Weights that come and go give the same answers as weights that stay.
#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

EngineSettings streaming(std::size_t resident_bytes, VisionResidency vision = VisionResidency::on_demand) {
  EngineSettings settings;
  settings.repack = false;
  settings.vision = vision;
  settings.streamed_text_resident_bytes = resident_bytes;
  return settings;
}

// Sampled, so that logits which differ in the last digits would soon say something else.
GenerationRequest long_answer() {
  GenerationRequest request = ask("Tell me everything about this picture.", {picture("dog-car.png")});
  request.temperature = 1.5F;
  request.seed = 7;
  request.max_tokens = 48;
  return request;
}

class Streaming : public testing::TestWithParam<std::size_t> {};

TEST_P(Streaming, GivesTheSameAnswers) {
  Bench resident(EngineSettings{});
  Bench streamed(streaming(GetParam()));
  for (int round = 0; round < 2; ++round) {
    for (const auto& request : {ask_about_dog_and_car(), long_answer(), ask("Hello")}) {
      auto expected = resident->generate(request);
      auto actual = streamed->generate(request);
      ASSERT_TRUE(expected && actual) << actual.error().message;
      EXPECT_EQ(actual->answer, expected->answer);
    }
  }
  const std::size_t held = streamed.pool->ledger().of(MemoryHolder::weights_text);
  const std::size_t all = resident.pool->ledger().of(MemoryHolder::weights_text);
  if (GetParam() == 0) {  // two layers and what belongs to none
    EXPECT_LT(held, all / 2);
  }
  EXPECT_LE(held, all + 2 * kMiB);
}
INSTANTIATE_TEST_SUITE_P(KeepingAtMost, Streaming, testing::Values(0, 2 * kMiB, 8 * kMiB, 64 * kMiB),
                         [](const auto& bytes) { return std::to_string(bytes.param / kMiB) + "MiB"; });

TEST(VisionOnDemand, LeavesBeforeTheAnswer) {
  EngineSettings settings;
  settings.vision = VisionResidency::on_demand;
  Bench bench(settings);
  auto result = bench->generate(ask_about_dog_and_car());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, kDogAndCar);
  const MemoryLedger ledger = bench.pool->ledger();
  EXPECT_EQ(ledger.of(MemoryHolder::weights_vision), 0U);
  EXPECT_EQ(ledger.of(MemoryHolder::compute_vision), 0U);
  EXPECT_EQ(ledger.of(MemoryHolder::media), 0U);
  EXPECT_GT(ledger.holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::weights_vision)], 0U);
}

TEST(StreamedCancel, InTheMiddleLeavesTheNextAnswerRight) {
  Bench bench(streaming(0));
  GenerationRequest request = long_answer();
  request.max_tokens = 400;
  for (int stop_after = 1; stop_after < 4; ++stop_after) {
    int pieces = 0;
    auto cancelled = bench->generate(request, [&](std::string_view) {
      if (++pieces == stop_after) bench->cancel_generation();
    });
    ASSERT_TRUE(cancelled) << cancelled.error().message;
    auto result = bench->generate(ask_about_dog_and_car());
    ASSERT_TRUE(result) << result.error().message;
    EXPECT_EQ(result->answer, kDogAndCar);
  }
}

TEST(KvTypes, AnswerToo) {
  for (const KvType type : {KvType::q8_0, KvType::q4_0}) {
    EngineSettings settings;
    settings.kv_type = type;
    Bench f16(EngineSettings{}), bench(settings);
    auto result = bench->generate(ask_about_dog_and_car());
    ASSERT_TRUE(result && f16->generate(ask_about_dog_and_car())) << result.error().message;
    EXPECT_FALSE(result->answer.empty());
    EXPECT_LT(bench.pool->ledger().of(MemoryHolder::kv), f16.pool->ledger().of(MemoryHolder::kv) * 6 / 10);
  }
}

}  // namespace
}  // namespace plimsoll::test
