// Prompts that begin alike, and what is kept for them.
#include "engine/question_cache.h"

#include <gtest/gtest.h>

namespace plimsoll::engine {
namespace {

constexpr std::size_t kPage = 4096;

PromptPart word(llama_token token) { return {.token = token}; }
PromptPart seen(std::uint64_t content, int positions = 0) {
  return {.key = {.content = {0, content}, .model = 1, .image_size = 384}, .positions = positions};
}

TEST(Prompt, CommonPartsEndAtTheFirstDifference) {
  const PromptParts a = {word(1), seen(7), word(2), word(3)}, b = {word(1), seen(7, 64), word(2), word(4)};
  EXPECT_EQ(common_parts(a, b), 3U);
  EXPECT_EQ(common_parts(a, PromptParts{word(1), seen(8)}), 1U);
  EXPECT_EQ(common_parts(a, {}), 0U);
}

TEST(Prompt, ThePictureAtAnotherSizeIsAnother) {
  PromptPart small = seen(7);
  small.key.image_size = 192;
  EXPECT_FALSE(small.same_as(seen(7)));
}

TEST(Prompt, CountsPositionsAndFindsTheLastPicture) {
  const PromptParts parts = {word(1), seen(7, 64), word(2), seen(8, 64), word(3)};
  EXPECT_EQ(positions_of(parts), 131);
  EXPECT_EQ(parts_through_pictures(parts), 4U);
  EXPECT_EQ(parts_through_pictures(PromptParts{word(1)}), 0U);
}

struct Cache : testing::Test {
  std::shared_ptr<MemoryPool> pool = MemoryPool::create();
  QuestionCache cache{pool};

  Cache() { pool->set_cache_limit(4 * kPage); }

  EncodedPicturePtr picture(std::size_t pages = 1) {
    auto made = std::make_shared<EncodedPicture>();
    made->add_tile(std::move(*pool->allocate(MemoryHolder::cache_images, pages * kPage)), 36);
    return made;
  }
  PromptPrefixPtr prefix(PromptParts parts, KvType type = KvType::f16) {
    return std::make_shared<PromptPrefix>(PromptPrefix{
        std::move(parts), type, std::move(*pool->allocate(MemoryHolder::cache_prefixes, kPage))});
  }
  std::size_t held() const {
    const MemoryLedger ledger = pool->ledger();
    return ledger.of(MemoryHolder::cache_images) + ledger.of(MemoryHolder::cache_prefixes);
  }
};

TEST_F(Cache, FindsAPictureByItsKey) {
  const auto kept = picture();
  cache.keep(seen(1).key, kept);
  EXPECT_EQ(cache.find_picture(seen(1).key), kept);
  EXPECT_EQ(cache.find_picture(seen(2).key), nullptr);
}

TEST_F(Cache, FindsThePrefixWithTheMostInCommon) {
  const auto shorter = prefix({word(1), seen(7), word(9)}),
             longer = prefix({word(1), seen(7), word(2), seen(8)});
  cache.keep(longer);
  cache.keep(shorter);
  const PromptParts prompt = {word(1), seen(7), word(2), seen(8), word(3)};
  const FoundPrefix found = cache.find_prefix(prompt, KvType::f16, false);
  EXPECT_EQ(found.prefix, longer);
  EXPECT_EQ(found.parts, 4U);
  EXPECT_EQ(cache.find_prefix(prompt, KvType::q8_0, false).prefix, nullptr);
  EXPECT_EQ(cache.find_prefix(PromptParts{word(1), seen(7), word(9), word(4)}, KvType::f16, false).parts, 3U);
  EXPECT_EQ(cache.find_prefix(PromptParts{word(1), seen(7), word(5)}, KvType::f16, false).parts, 2U);
}

TEST_F(Cache, WhatHasNoPictureInCommonIsNotWorthIt) {
  cache.keep(prefix({word(1), word(2), seen(7)}));
  EXPECT_EQ(cache.find_prefix(PromptParts{word(1), word(2), seen(8)}, KvType::f16, false).prefix, nullptr);
}

TEST_F(Cache, AModelThatCanNotForgetAPartTakesOnlyWholePrefixes) {
  const auto kept = prefix({word(1), seen(7), word(2)});
  cache.keep(kept);
  EXPECT_EQ(cache.find_prefix(PromptParts{word(1), seen(7), word(3)}, KvType::f16, true).prefix, nullptr);
  EXPECT_EQ(cache.find_prefix(PromptParts{word(1), seen(7), word(2), word(3)}, KvType::f16, true).prefix,
            kept);
}

TEST_F(Cache, WhatWasNotUsedForLongestGoesFirst) {
  for (std::uint64_t i = 1; i <= 4; ++i) cache.keep(seen(i).key, picture());
  EXPECT_NE(cache.find_picture(seen(1).key), nullptr);
  cache.keep(prefix({word(1)}));
  EXPECT_EQ(cache.find_picture(seen(2).key), nullptr);
  EXPECT_NE(cache.find_picture(seen(1).key), nullptr);
  EXPECT_EQ(held(), 4 * kPage);
}

TEST_F(Cache, KeepsNothingThatIsLargerThanTheLimit) {
  cache.keep(seen(1).key, picture(5));
  EXPECT_EQ(cache.find_picture(seen(1).key), nullptr);
  EXPECT_EQ(held(), 0U);
  EXPECT_FALSE(cache.has_room_for(5 * kPage));
  EXPECT_TRUE(cache.has_room_for(4 * kPage));
}

TEST_F(Cache, HasNoRoomForWhatWouldPassTheMemoryLine) {
  pool->set_memory_limit(2 * kPage);
  const auto held_elsewhere = pool->allocate(MemoryHolder::kv, kPage);
  EXPECT_TRUE(cache.has_room_for(kPage));
  EXPECT_FALSE(cache.has_room_for(2 * kPage));
}

TEST_F(Cache, NamelessBuffersLeaveRoomForIt) {
  pool->allocate(MemoryHolder::kv, 3 * kPage)->release();
  EXPECT_EQ(pool->cache_memory(), 3 * kPage);
  cache.keep(seen(1).key, picture(2));
  EXPECT_LE(pool->cache_memory() + held(), 4 * kPage);
}

TEST_F(Cache, EachKindIsGivenBackOnItsOwnAndOldestFirst) {
  cache.keep(seen(1).key, picture());
  cache.keep(seen(2).key, picture());
  cache.keep(prefix({word(1)}));
  EXPECT_EQ(cache.pictures().reclaimable_bytes(), 2 * kPage);
  EXPECT_EQ(cache.prefixes().reclaimable_bytes(), kPage);
  EXPECT_EQ(cache.pictures().reclaim(1), kPage);
  EXPECT_EQ(cache.find_picture(seen(1).key), nullptr);
  EXPECT_NE(cache.find_picture(seen(2).key), nullptr);
  EXPECT_EQ(cache.prefixes().reclaim(kEverything), kPage);
  EXPECT_EQ(held(), kPage);
}

TEST_F(Cache, IsAskedWhenAChargeDoesNotFit) {
  const auto pictures = pool->add_reclaimer(cache.pictures());
  pool->set_memory_limit(4 * kPage);
  cache.keep(seen(1).key, picture(2));
  EXPECT_TRUE(pool->allocate(MemoryHolder::kv, 3 * kPage));
  EXPECT_EQ(cache.find_picture(seen(1).key), nullptr);
}

TEST_F(Cache, AClearedOneHoldsNothing) {
  cache.keep(seen(1).key, picture());
  cache.keep(prefix({word(1)}));
  EXPECT_EQ(cache.clear(), 2 * kPage);
  EXPECT_EQ(held(), 0U);
}

}  // namespace
}  // namespace plimsoll::engine
