// What load() and generate() do when nothing gets in their way.
#include <thread>

#include "evaluator/text_stream.h"
#include "tests/integration/bundled_model.h"

namespace plimsoll::test {
namespace {

TEST(Evaluator, LoadsWithProgressAndOnlyOnce) {
  Bench bench;
  std::vector<float> shares;
  std::string last;
  auto first = bench->load([&](Stage, float share, std::string_view text) {
    shares.push_back(share);
    last = text;
  });
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_TRUE(std::is_sorted(shares.begin(), shares.end()));
  EXPECT_FALSE(shares.empty());
  EXPECT_EQ(last, "Loading plimsoll-tiny: 100%");

  bool progressed = false;
  auto second = bench->load([&](Stage, float, std::string_view) { progressed = true; });
  ASSERT_TRUE(second);
  EXPECT_FALSE(progressed);
  EXPECT_EQ(second->info().name, first->info().name);
}

TEST(Evaluator, SaysHowFarItHasLookedAtItsPictures) {
  Bench bench;
  ASSERT_TRUE(bench->load());
  std::vector<std::string> said;
  auto request = ask("What is in these images?", {picture("dog-car.png"), picture("cat.png")});
  ASSERT_TRUE(bench->generate(request, {}, [&](Stage, float share, std::string_view text) {
    EXPECT_GE(share, 0);
    EXPECT_LE(share, 1);
    said.emplace_back(text);
  }));
  // What is overtaken before it could be shown is left out.
  ASSERT_FALSE(said.empty());
  for (const std::string& text : said) EXPECT_TRUE(text.starts_with("Looking at picture ")) << text;
  EXPECT_TRUE(said.back().starts_with("Looking at picture 2 of 2")) << said.back();
}

TEST(Evaluator, KnowsItsModel) {
  Bench bench;
  EXPECT_EQ(bench->model_info(), "plimsoll-tiny");
  EXPECT_EQ(bench->load_state(), LoadState::idle);
  auto handle = bench->load();
  ASSERT_TRUE(handle);
  EXPECT_EQ(bench->model_info(), "plimsoll-tiny • 22M");
  EXPECT_EQ(bench->load_state(), LoadState::loaded);
  EXPECT_EQ(handle->info().context_length, 2048);
}

TEST(Evaluator, AnswersAndAccountsForIt) {
  Bench bench;
  auto result = bench->generate(ask_about_dog_and_car());
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->answer, kDogAndCar);
  EXPECT_EQ(result->finish_reason, FinishReason::stop);
  EXPECT_EQ(result->image.tiles, 5);
  EXPECT_EQ(result->image.tokens, 193);  // 5 * 36, and what stands around the tiles
  EXPECT_GT(result->prompt_tokens, result->image.tokens);
  EXPECT_GT(result->timing.load_ms, 0);
  EXPECT_GT(result->timing.image_encode_ms, 0);
  EXPECT_GT(result->timing.time_to_first_token_ms, result->timing.image_encode_ms);
  EXPECT_GT(result->timing.tokens_per_second, 0);

  const MemoryLedger ledger = bench.pool->ledger();
  for (auto holder : {MemoryHolder::weights_text, MemoryHolder::weights_vision, MemoryHolder::kv,
                      MemoryHolder::compute_text}) {
    EXPECT_GT(ledger.of(holder), 0U) << to_string(holder);
  }
  EXPECT_GT(ledger.holder_peak_bytes[static_cast<std::size_t>(MemoryHolder::compute_vision)], 0U);
  EXPECT_EQ(ledger.of(MemoryHolder::compute_vision), 0U);
  EXPECT_EQ(ledger.of(MemoryHolder::media), 0U);

  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->timing.load_ms, 0);
}

TEST(Evaluator, StreamsTheAnswerInWholeCharacters) {
  Bench bench;
  std::string streamed;
  auto result =
      bench->generate(ask("Describe this image.", {picture("garden.png")}), [&](std::string_view text) {
        EXPECT_EQ(incomplete_tail(text), 0U);
        streamed += text;
      });
  ASSERT_TRUE(result);
  EXPECT_EQ(streamed, result->answer);
  EXPECT_FALSE(streamed.empty());
}

TEST(Evaluator, StopsAtMaxTokens) {
  Bench bench;
  GenerationRequest request = ask_about_dog_and_car();
  request.max_tokens = 3;
  auto result = bench->generate(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->timing.tokens, 3);
  EXPECT_EQ(result->finish_reason, FinishReason::length);
  EXPECT_TRUE(kDogAndCar.starts_with(result->answer)) << result->answer;
}

TEST(Evaluator, RemembersTheConversation) {
  Bench bench;
  GenerationRequest request = ask("What is in this image?", {picture("shapes.png")});
  request.turns[0].answer = bench->generate(request)->answer;
  request.turns.push_back({.prompt = "What color is the background?"});
  auto result = bench->generate(request);
  ASSERT_TRUE(result);
  EXPECT_EQ(result->answer, "White.");
}

TEST(Evaluator, LooksAtTwoPictures) {
  Bench bench;
  auto result = bench->generate(ask("What is in these images?", {picture("cat.png"), picture("guitar.png")}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->image.tiles, 10);
  EXPECT_FALSE(result->answer.empty());
}

// Not after another question about the same picture: what is kept of that was rounded in other batches.
TEST(Evaluator, TheSameSeedGivesTheSameAnswer) {
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
  configuration.cache_limit_bytes = 0;
  Bench bench(configuration);
  GenerationRequest request = ask("Describe this image.", {picture("garden.png")});
  request.temperature = 5.0F;
  request.top_p = 1.0F;
  request.max_tokens = 20;
  request.seed = 7;
  const std::string first = bench->generate(request)->answer;
  ASSERT_EQ(bench->generate(ask("Hello"))->finish_reason, FinishReason::stop);  // the context is another's
  EXPECT_EQ(bench->generate(request)->answer, first);
  request.seed = 8;
  EXPECT_NE(bench->generate(request)->answer, first);
}

TEST(Evaluator, RefusesWhatItCanNotDo) {
  Bench bench;
  EXPECT_EQ(bench->generate({}).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bench->generate(ask("?", {{kExamples / "missing.png"}})).error().code, ErrorCode::not_found);
  EXPECT_EQ(bench->generate(ask("?", {{kExamples / "examples.jsonl"}})).error().code,
            ErrorCode::invalid_argument);
  std::string endless;
  for (int i = 0; i < 3000; ++i) endless += "cat ";
  EXPECT_EQ(bench->generate(ask(endless)).error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
}

TEST(Evaluator, ALanguageModelAloneSeesNothingAndSaysSo) {
  ModelFiles model = bundled_model();
  model.vision.clear();
  Bench bench(configuration_for(Strategy::tiered, DeviceMemoryTier::standard), {}, model);
  EXPECT_EQ(bench->generate(ask_about_dog_and_car()).error().code, ErrorCode::invalid_argument);
  auto result = bench->generate(ask("Hello"));
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_FALSE(result->answer.empty());
  EXPECT_EQ(bench.pool->ledger().of(MemoryHolder::weights_vision), 0U);
}

TEST(Evaluator, TwoEvaluatorsShareAPool) {
  Bench bench;
  VlmEvaluator other({.model = bundled_model(),
                      .configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard),
                      .device_memory_bytes = 4 * kGiB},
                     bench.pool);
  std::string second;
  std::thread thread([&] { second = other.generate(ask_about_dog_and_car())->answer; });
  EXPECT_EQ(bench->generate(ask_about_dog_and_car())->answer, kDogAndCar);
  thread.join();
  EXPECT_EQ(second, kDogAndCar);
}

}  // namespace
}  // namespace plimsoll::test
