#include "engine/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/draft.h"

namespace plimsoll::engine {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::size_t kPlenty = 1000000;

// In thousands of nothing: 1000 of text weights, 300 of encoder, half a byte a position of context in f16.
ContextBytes context_bytes(ContextSize size) {
  const auto rounded = static_cast<std::size_t>((size.tokens + 255) / 256 * 256);
  constexpr std::size_t kDivisor[] = {2, 4, 8};  // f16, q8_0, q4_0
  return {
      static_cast<std::size_t>(size.sequences) * rounded / kDivisor[static_cast<std::size_t>(size.kv_type)],
      static_cast<std::size_t>(size.batch_tokens)};
}

ModelNeeds text_only() {
  ModelNeeds needs;
  needs.context_length = 4096;
  needs.repacked = {.fixed_bytes = 1000, .private_bytes = 800, .layer_bytes = {}};
  needs.plain = {.fixed_bytes = 1000, .private_bytes = 0, .layer_bytes = {}};
  needs.streamed = {
      .fixed_bytes = 100, .private_bytes = 100, .layer_bytes = std::vector<std::size_t>(10, 90)};
  needs.heap_bytes = 20;
  needs.context = [](ContextSize size) -> Expected<ContextBytes> { return context_bytes(size); };
  return needs;
}

ModelNeeds with_vision() {
  ModelNeeds needs = text_only();
  needs.vision = {.weights = 300, .compute = 50, .compute_stays = true, .picture = [](int) {
                    return PictureNeeds{.tokens = 64, .media_bytes = 40, .embedding_bytes = 10};
                  }};
  return needs;
}

MemoryConfiguration configuration(int max_tokens = 300, Strategy strategy = Strategy::tiered) {
  MemoryConfiguration made;
  made.keep_model_loaded = true;
  made.strategy = strategy;
  made.max_tokens = max_tokens;
  made.cache_limit_bytes = 0;
  return made;
}

MemoryBudget line(std::size_t bytes) {
  return {.line_bytes = bytes, .footprint_bytes = 7, .growth_bytes = kPlenty};
}
MemoryBudget device(std::size_t bytes) {
  return {.line_bytes = {}, .footprint_bytes = 7, .growth_bytes = bytes};
}
MemoryBudget private_limit(std::size_t bytes) {
  MemoryBudget budget = device(kPlenty);
  budget.private_bytes = bytes;
  return budget;
}

MemoryPlan plan_for(const ModelNeeds& needs, const MemoryBudget& budget,
                    const MemoryConfiguration& made = configuration()) {
  auto plan = make_plan(needs, made, budget);
  EXPECT_TRUE(plan) << plan.error().message;
  return plan.value_or(MemoryPlan{});
}

// With nothing conceded: looking holds the text weights, the encoder, its picture, and the context of the
// question before (512 positions); answering the same without pixels.
constexpr std::size_t kLooking = 1000 + 350 + 50 + 256 + 128;
constexpr std::size_t kLookingOnDemand = 1000 + 350 + 50;
constexpr std::size_t kAnswering = 1000 + 256 + 128;  // of a text model

TEST(Planner, GivesNothingUpWhereEverythingFits) {
  const MemoryPlan plan = plan_for(with_vision(), line(kLooking));
  EXPECT_TRUE(plan.fits());
  EXPECT_THAT(plan.concessions, IsEmpty());
  EXPECT_EQ(plan.max_tokens, 300);
  EXPECT_EQ(plan.context_tokens, kTypicalQuestionTokens + 64 + 300);
  EXPECT_EQ(plan.settings.batch_tokens, 128);
  EXPECT_EQ(plan.settings.kv_type, KvType::f16);
  EXPECT_EQ(plan.settings.vision, VisionResidency::resident);
  EXPECT_TRUE(plan.settings.repack);
  EXPECT_FALSE(plan.settings.streamed_text_resident_bytes);
}

TEST(Planner, GivesTheHighestOfEachHolderAndOfAllTogether) {
  const MemoryPlan plan = plan_for(with_vision(), line(kPlenty));
  EXPECT_EQ(plan.of(MemoryHolder::weights_text), 1000U);
  EXPECT_EQ(plan.of(MemoryHolder::weights_vision), 300U);
  EXPECT_EQ(plan.of(MemoryHolder::compute_vision), 50U);
  EXPECT_EQ(plan.of(MemoryHolder::kv), 256U);
  EXPECT_EQ(plan.of(MemoryHolder::compute_text), 128U);
  EXPECT_EQ(plan.of(MemoryHolder::media), 40U);
  EXPECT_EQ(plan.of(MemoryHolder::cache_images), 10U);
  EXPECT_EQ(plan.peak_bytes, kLooking);
  EXPECT_EQ(plan.footprint_bytes, 7 + kLooking + 20);
}

TEST(Planner, CountsHoldersThatTakeTurnsOnceInThePeak) {
  const MemoryPlan plan = plan_for(with_vision(), line(kLookingOnDemand));
  EXPECT_EQ(plan.peak_bytes, kLookingOnDemand);
  EXPECT_EQ(plan.of(MemoryHolder::kv), 256U);
  EXPECT_EQ(plan.of(MemoryHolder::weights_vision), 300U);
}

TEST(Planner, HasNoRepackedWeightsToGiveUpWhereThereAreNone) {
  ModelNeeds needs = text_only();
  needs.repacked = needs.plain;
  EXPECT_FALSE(plan_for(needs, line(kPlenty)).settings.repack);
}

TEST(Planner, AsksForNoMorePositionsThanTheModelKnows) {
  ModelNeeds needs = text_only();
  needs.context_length = 200;
  EXPECT_EQ(plan_for(needs, line(kPlenty)).context_tokens, 200);
}

TEST(Planner, FailsWhereTheContextCanNotBeDrawnUp) {
  ModelNeeds needs = text_only();
  needs.context = [](ContextSize) -> Expected<ContextBytes> { return fail(ErrorCode::engine, "no"); };
  const auto plan = make_plan(needs, configuration(), line(10));
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, ErrorCode::engine);
}

// ---- each concession alone, where it alone suffices -----------------------------------------------------

MemoryPlan plan_for_four(std::size_t line_bytes, int sequences = 256) {
  ModelNeeds needs = with_vision();
  needs.sequences = sequences;
  MemoryConfiguration four = configuration();
  four.answers_at_once = 4;
  return plan_for(needs, line(line_bytes), four);
}

TEST(Concessions, FewerAnswersAreWrittenAtOnceBeforeAnythingElse) {
  const MemoryPlan all = plan_for_four(kLooking + 3 * 256);
  EXPECT_TRUE(all.fits());
  EXPECT_EQ(all.settings.answers_at_once, 4);
  EXPECT_EQ(all.settings.context_tokens, all.context_tokens);
  EXPECT_EQ(all.of(MemoryHolder::kv), 4 * 256U);
  EXPECT_THAT(all.concessions, IsEmpty());

  const MemoryPlan two = plan_for_four(kLooking + 3 * 256 - 1);
  EXPECT_EQ(two.settings.answers_at_once, 2);
  EXPECT_EQ(two.settings.vision, VisionResidency::resident);
  EXPECT_THAT(two.concessions, ElementsAre(Concession::fewer_at_once));

  const MemoryPlan one = plan_for_four(kLooking);
  EXPECT_EQ(one.settings.answers_at_once, 1);
  EXPECT_EQ(one.settings.context_tokens, 0);
  EXPECT_THAT(one.concessions, ElementsAre(Concession::fewer_at_once));
}

TEST(Concessions, AModelThatCanHaveOneSequenceGivesNothingUpForIt) {
  const MemoryPlan plan = plan_for_four(kPlenty, 1);
  EXPECT_EQ(plan.settings.answers_at_once, 1);
  EXPECT_THAT(plan.concessions, IsEmpty());
}

TEST(Concessions, TheEncoderLeaves) {
  const MemoryPlan plan = plan_for(with_vision(), line(kLooking - 1));
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::vision_on_demand));
  EXPECT_EQ(plan.settings.vision, VisionResidency::on_demand);
}

TEST(Concessions, SmallerBatchesAreHalvedAsOftenAsItTakes) {
  const MemoryPlan half = plan_for(text_only(), line(kAnswering - 64));
  EXPECT_THAT(half.concessions, ElementsAre(Concession::smaller_batch));
  EXPECT_EQ(half.settings.batch_tokens, 64);
  const MemoryPlan quarter = plan_for(text_only(), line(kAnswering - 65));
  EXPECT_THAT(quarter.concessions, ElementsAre(Concession::smaller_batch));
  EXPECT_EQ(quarter.settings.batch_tokens, kSmallestBatch);
}

TEST(Concessions, WeightsStayPagesOfTheFileWherePrivateMemoryIsShort) {
  const MemoryPlan plan = plan_for(text_only(), private_limit(kAnswering - 1000 + 20));
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::plain_weights));
  EXPECT_FALSE(plan.settings.repack);
}

TEST(Concessions, TextWeightsLeaveWhileThePictureIsLookedAt) {
  const MemoryPlan plan = plan_for(with_vision(), line(kLookingOnDemand - 1));
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::vision_on_demand, Concession::taking_turns));
  EXPECT_EQ(plan.settings.streamed_text_resident_bytes, 900U);
  EXPECT_EQ(plan.streamed_bytes, 0U);
  EXPECT_EQ(plan.of(MemoryHolder::weights_text), 1000U);
  EXPECT_EQ(plan.peak_bytes, kAnswering + 10);
}

TEST(Concessions, KeysAndValuesInEightBits) {
  const MemoryPlan plan = plan_for(text_only(), line(kAnswering - 128));
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::kv_q8_0));
  EXPECT_EQ(plan.settings.kv_type, KvType::q8_0);
  EXPECT_EQ(plan.settings.batch_tokens, 128);
}

// A model whose context grows with its positions alone, and whose weights are in one piece.
ModelNeeds only_answers_can_shrink() {
  ModelNeeds needs = text_only();
  needs.streamed.layer_bytes.clear();
  needs.context = [](ContextSize size) -> Expected<ContextBytes> {
    return ContextBytes{context_bytes({size.tokens, 0, KvType::f16}).kv, 0};
  };
  return needs;
}

TEST(Concessions, ShorterAnswersAreHalvedAsOftenAsItTakes) {
  // 896 positions take 1024, 496 and 296 both take 512, 196 take 256.
  const MemoryPlan half =
      plan_for(only_answers_can_shrink(), line(1256), configuration(800, Strategy::fitted));
  EXPECT_THAT(half.concessions, ElementsAre(Concession::shorter_answers));
  EXPECT_EQ(half.max_tokens, 400);
  const MemoryPlan eighth =
      plan_for(only_answers_can_shrink(), line(1255), configuration(800, Strategy::fitted));
  EXPECT_THAT(eighth.concessions, ElementsAre(Concession::shorter_answers));
  EXPECT_EQ(eighth.max_tokens, 100);
  EXPECT_TRUE(eighth.fits());
}

TEST(Concessions, AnswersAreNeverShorterThanTheShortest) {
  const MemoryPlan plan = plan_for(only_answers_can_shrink(), line(1), configuration(800, Strategy::fitted));
  EXPECT_FALSE(plan.fits());
  EXPECT_GE(plan.max_tokens, kShortestAnswer);
}

TEST(Concessions, OnlyTheStrategyFittedShortensAnswers) {
  for (const Strategy strategy : {Strategy::tiered, Strategy::legacy, Strategy::quick_fix}) {
    const MemoryPlan plan = plan_for(only_answers_can_shrink(), line(1256), configuration(800, strategy));
    EXPECT_FALSE(plan.fits());
    EXPECT_EQ(plan.max_tokens, 800);
  }
}

TEST(Concessions, LayersAreStreamed) {
  ModelNeeds needs = text_only();
  needs.context = [](ContextSize) -> Expected<ContextBytes> { return ContextBytes{5, 5}; };
  const MemoryPlan plan = plan_for(needs, line(1009));
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::streamed_weights));
  EXPECT_TRUE(plan.fits());
  EXPECT_EQ(plan.streamed_bytes, 3 * 90U);
  EXPECT_FALSE(plan.settings.repack);
}

TEST(Concessions, KeysAndValuesInFourBitsComeLast) {
  ModelNeeds needs = text_only();
  needs.streamed.layer_bytes.clear();
  const MemoryPlan plan = plan_for(needs, line(1000 + 64 + 32));
  EXPECT_TRUE(plan.fits());
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::smaller_batch, Concession::kv_q4_0));
  EXPECT_EQ(plan.settings.kv_type, KvType::q4_0);
}

// ---- which of several ------------------------------------------------------------------------------------

TEST(ConcessionOrder, MoreIsGivenUpInLessMemoryAndTheListFollowsTheOrder) {
  std::size_t before = 0;
  for (std::size_t bytes = kLooking; bytes >= 500; bytes -= 10) {
    const MemoryPlan plan = plan_for(with_vision(), line(bytes));
    ASSERT_TRUE(plan.fits()) << bytes;
    EXPECT_TRUE(std::is_sorted(plan.concessions.begin(), plan.concessions.end()));
    EXPECT_EQ(std::adjacent_find(plan.concessions.begin(), plan.concessions.end()), plan.concessions.end());
    const auto last = plan.concessions.empty() ? 0 : static_cast<std::size_t>(plan.concessions.back()) + 1;
    EXPECT_GE(last, before) << bytes;
    before = last;
  }
  EXPECT_EQ(before, static_cast<std::size_t>(Concession::streamed_weights) + 1);
}

TEST(ConcessionOrder, WhatSeemedUselessUntilSomethingElseWasGivenUpIsNotForgotten) {
  // While looking is the higher moment a smaller batch frees nothing; once the text weights leave, it is
  // enough.
  const std::size_t answering = kAnswering + 10;
  const MemoryPlan plan = plan_for(with_vision(), line(answering - 1));
  EXPECT_THAT(plan.concessions,
              ElementsAre(Concession::vision_on_demand, Concession::smaller_batch, Concession::taking_turns));
  EXPECT_EQ(plan.settings.kv_type, KvType::f16);
  EXPECT_EQ(plan.settings.batch_tokens, 64);
}

TEST(ConcessionOrder, WhatTurnsOutNeedlessIsTakenBack) {
  const MemoryPlan plan = plan_for(text_only(), line(kAnswering - 128));
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::kv_q8_0));  // smaller batches were tried and are back
}

TEST(ConcessionOrder, NothingIsTakenBackThatKeepsLayersInMemory) {
  const MemoryPlan plan = plan_for(text_only(), line(900));
  EXPECT_THAT(plan.concessions,
              ElementsAre(Concession::smaller_batch, Concession::kv_q8_0, Concession::streamed_weights));
}

TEST(ConcessionOrder, TextWeightsNeverLeaveForAnEncoderThatStays) {
  for (std::size_t bytes = 400; bytes < kLooking; ++bytes) {
    const MemoryPlan plan = plan_for(with_vision(), line(bytes));
    if (!plan.settings.streamed_text_resident_bytes) continue;
    ASSERT_EQ(plan.settings.vision, VisionResidency::on_demand) << bytes;
  }
}

TEST(ConcessionOrder, WhatDoesNotExistIsNotGivenUp) {
  ModelNeeds needs = text_only();
  needs.repacked = needs.plain;
  needs.streamed.layer_bytes.clear();
  const MemoryPlan plan = plan_for(needs, line(1));
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::smaller_batch, Concession::kv_q4_0));
}

TEST(ConcessionOrder, WhatWouldMakeItLargerIsNotGivenUp) {
  ModelNeeds needs = text_only();
  needs.context = [](ContextSize size) -> Expected<ContextBytes> {
    return ContextBytes{size.kv_type == KvType::f16 ? 100U : 200U, 0};
  };
  const MemoryPlan plan = plan_for(needs, line(1));
  EXPECT_EQ(plan.settings.kv_type, KvType::f16);
  EXPECT_THAT(plan.concessions, ElementsAre(Concession::streamed_weights));
}

// ---- what binds ------------------------------------------------------------------------------------------

TEST(Bounds, TheLineHoldsToTheByte) {
  EXPECT_THAT(plan_for(with_vision(), line(kLooking)).concessions, IsEmpty());
  EXPECT_THAT(plan_for(with_vision(), line(kLooking - 1)).concessions, testing::Not(IsEmpty()));
}

TEST(Bounds, TheDeviceHoldsWhatLibrariesTakeToo) {
  EXPECT_THAT(plan_for(with_vision(), device(kLooking + 20)).concessions, IsEmpty());
  EXPECT_THAT(plan_for(with_vision(), device(kLooking + 19)).concessions, testing::Not(IsEmpty()));
}

TEST(Bounds, ThePrivateLimitDoesNotCountPagesOfTheFile) {
  const std::size_t file_pages = 200;
  EXPECT_THAT(plan_for(with_vision(), private_limit(kLooking + 20 - file_pages)).concessions, IsEmpty());
  EXPECT_THAT(plan_for(with_vision(), private_limit(kLooking + 19 - file_pages)).concessions,
              testing::Not(IsEmpty()));
}

TEST(Bounds, OnlyThePrivateLimitCountsWhatIsNeverTouched) {
  ModelNeeds needs = with_vision();
  needs.vision.untouched = 5;
  const std::size_t file_pages = 200;
  EXPECT_THAT(plan_for(needs, device(kLooking + 20)).concessions, IsEmpty());
  EXPECT_THAT(plan_for(needs, private_limit(kLooking + 25 - file_pages)).concessions, IsEmpty());
  EXPECT_THAT(plan_for(needs, private_limit(kLooking + 24 - file_pages)).concessions,
              testing::Not(IsEmpty()));
}

TEST(Bounds, StreamingKeepsAsManyLayersAsFitBelowEachOfThem) {
  ModelNeeds needs = text_only();
  needs.plain.private_bytes = needs.plain.fixed_bytes;  // no way round the private limit
  const std::size_t rest = 100 + 128 + 32;              // what is always there, 8-bit context, smallest batch
  const std::size_t five_layers = rest + 5 * 90 + 2 * 90;
  for (const MemoryBudget& exact :
       {line(five_layers), device(five_layers + 20), private_limit(five_layers + 20)}) {
    const MemoryPlan plan = plan_for(needs, exact);
    EXPECT_TRUE(plan.fits());
    EXPECT_EQ(plan.streamed_bytes, 5 * 90U);
    EXPECT_EQ(plan.settings.streamed_text_resident_bytes, 7 * 90U);
    EXPECT_EQ(plan.peak_bytes, five_layers);
  }
  for (const MemoryBudget& less :
       {line(five_layers - 1), device(five_layers + 19), private_limit(five_layers + 19)}) {
    EXPECT_EQ(plan_for(needs, less).streamed_bytes, 6 * 90U);
  }
}

TEST(Bounds, WhereNothingFitsTheSmallestWayIsWeighed) {
  const std::size_t smallest = 100 + 64 + 32 + 2 * 90;
  const MemoryPlan fits = plan_for(text_only(), line(smallest));
  EXPECT_TRUE(fits.fits());
  EXPECT_TRUE(fits.missing_from.empty());
  const MemoryPlan plan = plan_for(text_only(), line(smallest - 1));
  EXPECT_FALSE(plan.fits());
  EXPECT_EQ(plan.missing_bytes, 1U);
  EXPECT_EQ(plan.missing_from, kMemoryLimitBound);
  EXPECT_EQ(plan.peak_bytes, smallest);
}

TEST(Bounds, TheOneThatIsShortOfTheMostIsNamed) {
  MemoryBudget budget{.line_bytes = 300, .footprint_bytes = 0, .growth_bytes = 200, .private_bytes = 250};
  const std::size_t smallest = 100 + 64 + 32 + 2 * 90;
  MemoryPlan plan = plan_for(text_only(), budget);
  EXPECT_EQ(plan.missing_from, kDeviceBound);
  EXPECT_EQ(plan.missing_bytes, smallest + 20 - 200);
  budget.private_bytes = 100;
  plan = plan_for(text_only(), budget);
  EXPECT_EQ(plan.missing_from, kProcessBound);
  EXPECT_EQ(plan.missing_bytes, smallest + 20 - 100);
}

TEST(DoesNotFit, SaysWhatIsMissingWhereAndWhoWouldHoldTheRest) {
  const MemoryBudget budget = line(300);
  const MemoryPlan plan = plan_for(with_vision(), budget);
  ASSERT_FALSE(plan.fits());
  const Error error = does_not_fit_error(plan, budget);
  EXPECT_EQ(error.code, ErrorCode::over_budget);
  ASSERT_TRUE(error.denial);
  EXPECT_EQ(error.denial->requested_bytes, plan.peak_bytes);
  EXPECT_EQ(error.denial->available_bytes, plan.peak_bytes - plan.missing_bytes);
  EXPECT_EQ(error.denial->limit_bytes, 300U);
  EXPECT_EQ(error.denial->holder, "weights.vision");
  EXPECT_EQ(error.denial->holders.front().bytes, 300U);
  EXPECT_TRUE(std::is_sorted(error.denial->holders.begin(), error.denial->holders.end(),
                             [](const HolderShare& a, const HolderShare& b) { return a.bytes > b.bytes; }));
  EXPECT_NE(error.message.find("memory limit"), std::string::npos);
}

TEST(DoesNotFit, QuotesTheLimitThatIsShort) {
  MemoryBudget budget{
      .line_bytes = 100000, .footprint_bytes = 0, .growth_bytes = 200, .private_bytes = 100000};
  EXPECT_EQ(does_not_fit_error(plan_for(with_vision(), budget), budget).denial->limit_bytes, 200U);
  budget.growth_bytes = kPlenty;
  budget.private_bytes = 150;
  EXPECT_EQ(does_not_fit_error(plan_for(with_vision(), budget), budget).denial->limit_bytes, 150U);
}

TEST(Planner, KeepsAPromptForTheNextQuestionWhereTheCacheLimitHasRoomForIt) {
  const ModelNeeds needs = with_vision();
  MemoryConfiguration wide = configuration();
  wide.cache_limit_bytes = 1000;
  const auto keeping = make_plan(needs, wide, device(kPlenty));
  ASSERT_TRUE(keeping);
  EXPECT_TRUE(keeping->settings.keep_prompts);
  // 460 positions, 160 of them the prompt, in a cache of 256 bytes.
  EXPECT_EQ(keeping->of(MemoryHolder::cache_prefixes), 256U * 160 / 460);
  wide.cache_limit_bytes = 88;
  EXPECT_EQ(make_plan(needs, wide, device(kPlenty))->of(MemoryHolder::cache_prefixes), 0U);
}

TEST(Planner, ForgetsPromptsFirst) {
  const ModelNeeds needs = with_vision();
  MemoryConfiguration wide = configuration();
  wide.cache_limit_bytes = 1000;
  const auto keeping = make_plan(needs, wide, line(kPlenty));
  ASSERT_TRUE(keeping);
  const auto tight = make_plan(needs, wide, line(keeping->peak_bytes - 1));
  ASSERT_TRUE(tight);
  EXPECT_TRUE(tight->fits());
  EXPECT_THAT(tight->concessions, ElementsAre(Concession::forgetting));
  EXPECT_FALSE(tight->settings.keep_prompts);
}

}  // namespace
}  // namespace plimsoll::engine
