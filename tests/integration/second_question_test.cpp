// What earlier questions leave behind for later ones, and that it changes no answer.
#include "tests/integration/bundled_model.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

GenerationRequest about(const char* name, const char* question) { return ask(question, {picture(name)}); }

std::string answered(Bench& bench, const GenerationRequest& request) {
  auto result = bench->generate(request);
  EXPECT_TRUE(result) << result.error().message;
  return result ? result->answer : "";
}

// Without any cache, so that nothing is left behind.
std::string answered_afresh(const GenerationRequest& request) {
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
  configuration.cache_limit_bytes = 0;
  Bench bench(configuration);
  return answered(bench, request);
}

TEST(SecondQuestion, BringsOnlyItsOwnWordsThroughTheModel) {
  Bench bench;
  const std::string first = answered(bench, about("dog-car.png", "What is in this image?"));
  EXPECT_EQ(first, kDogAndCar);
  auto second = bench->generate(about("dog-car.png", "Is there a dog?"));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->answer, answered_afresh(about("dog-car.png", "Is there a dog?")));
  EXPECT_EQ(second->image.tiles, 0);
  EXPECT_EQ(second->image.reused, 1);
  EXPECT_EQ(second->image.tokens, 193);
  EXPECT_GE(second->reused_tokens, 193);
  EXPECT_LT(second->reused_tokens, second->prompt_tokens);
}

TEST(SecondQuestion, TheSameAgainIsAnsweredTheSame) {
  Bench bench;
  const auto request = about("garden.png", "Describe this image.");
  const std::string first = answered(bench, request);
  auto again = bench->generate(request);
  ASSERT_TRUE(again);
  EXPECT_EQ(again->answer, first);
  EXPECT_EQ(again->reused_tokens, again->prompt_tokens - 1);
}

TEST(SecondQuestion, FourPicturesInTurnsStillHit) {
  Bench bench;
  const char* names[] = {"dog-car.png", "garden.png", "cat.png", "guitar.png"};
  for (const char* name : names) answered(bench, about(name, "What is in this image?"));
  for (const char* name : names) {
    const auto request = about(name, "What color is the background?");
    auto result = bench->generate(request);
    ASSERT_TRUE(result);
    EXPECT_EQ(result->image.tiles, 0) << name;
    EXPECT_GT(result->reused_tokens, 116) << name;
    EXPECT_EQ(result->answer, answered_afresh(request)) << name;
  }
}

TEST(SecondQuestion, ATurnOfAConversationGoesOnWhereTheLastOneEnded) {
  Bench bench;
  GenerationRequest request = about("dog-car.png", "What is in this image?");
  request.turns[0].answer = answered(bench, request);
  request.turns.push_back({.prompt = "Is there a dog?"});
  auto second = bench->generate(request);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->answer, answered_afresh(request));
  EXPECT_GT(second->reused_tokens, 193 + 8);  // the first question and its answer too
}

TEST(SecondQuestion, ANewPictureInALaterTurnFindsTheTurnsBefore) {
  Bench bench;
  GenerationRequest request = about("dog-car.png", "What is in this image?");
  request.turns[0].answer = answered(bench, request);
  request.turns.push_back({.prompt = "What is in this image?", .images = {picture("garden.png")}});
  auto second = bench->generate(request);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->answer, answered_afresh(request));
  EXPECT_GE(second->reused_tokens, 193);
  EXPECT_EQ(second->image.reused, 1);
}

TEST(SecondQuestion, APictureIsKnownByItsBytesNotItsName) {
  Bench bench;
  answered(bench, about("dog-car.png", "What is in this image?"));
  const TemporaryFolder folder;
  std::filesystem::copy_file(kExamples / "dog-car.png", folder.path() / "other-name.png");
  auto result = bench->generate(ask("Is there a dog?", {{folder.path() / "other-name.png"}}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->image.tiles, 0);
}

TEST(SecondQuestion, IsSavedWhereTheModelIsUnloadedBetweenQuestions) {
  Bench bench(DeviceMemoryTier::low);
  answered(bench, about("dog-car.png", "What is in this image?"));
  auto second = bench->generate(about("dog-car.png", "Is there a dog?"));
  ASSERT_TRUE(second);
  EXPECT_EQ(second->image.tiles, 0);
  EXPECT_GE(second->reused_tokens, 40);
}

TEST(SecondQuestion, UnloadingForgetsAll) {
  Bench bench;
  answered(bench, about("dog-car.png", "What is in this image?"));
  EXPECT_GT(bench.pool->ledger().of(MemoryHolder::cache_images), 0U);
  EXPECT_GT(bench.pool->ledger().of(MemoryHolder::cache_prefixes), 0U);
  bench->unload_model();
  EXPECT_TRUE(eventually([&] { return bench.pool->active_memory() == 0; }));
}

TEST(SecondQuestion, LegacyBeginsFromNothing) {
  Bench bench(configuration_for(Strategy::legacy, DeviceMemoryTier::standard));
  answered(bench, about("dog-car.png", "What is in this image?"));
  auto second = bench->generate(about("dog-car.png", "What is in this image?"));
  ASSERT_TRUE(second);
  EXPECT_GT(second->image.tiles, 0);
  EXPECT_EQ(second->reused_tokens, 0);
}

TEST(SecondQuestion, KeepsWithinTheCacheLimit) {
  MemoryConfiguration configuration = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
  configuration.cache_limit_bytes = 600 * 1024;
  Bench bench(configuration);
  for (const char* name : {"dog-car.png", "garden.png", "dog-car.png"}) {
    answered(bench, about(name, "What is in this image?"));
    const MemoryLedger ledger = bench.pool->ledger();
    EXPECT_LE(
        ledger.cache_bytes + ledger.of(MemoryHolder::cache_images) + ledger.of(MemoryHolder::cache_prefixes),
        600U * 1024);
  }
}

}  // namespace
}  // namespace plimsoll::test
