#include "memory/buffer_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::memory {
namespace {

TEST(BufferCache, TakesTheSmallestThatFits) {
  BufferCache<std::string> cache;
  cache.insert("large", 10);
  cache.insert("small", 6);
  EXPECT_EQ(cache.take(5)->value, "small");
  EXPECT_EQ(cache.bytes(), 10U);
}

TEST(BufferCache, DoesNotWasteMoreThanHalf) {
  BufferCache<int> cache;
  cache.insert(1, 10);
  EXPECT_FALSE(cache.take(4));
  EXPECT_FALSE(cache.take(11));
  EXPECT_TRUE(cache.take(5));
  EXPECT_TRUE(cache.empty());
}

TEST(BufferCache, GivesUpTheOldestAmongEqualSizes) {
  BufferCache<int> cache;
  cache.insert(1, 8);
  cache.insert(2, 8);
  cache.insert(3, 8);
  EXPECT_EQ(cache.take_oldest().value, 1);
  EXPECT_EQ(cache.take_oldest().value, 2);
  EXPECT_EQ(cache.take(8)->value, 3);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(BufferCache, TakingOneKeepsTheOrderOfTheOthers) {
  BufferCache<int> cache;
  cache.insert(1, 100);
  cache.insert(2, 10);
  cache.insert(3, 1000);
  EXPECT_EQ(cache.take(9)->value, 2);
  EXPECT_EQ(cache.take_oldest().value, 1);
  EXPECT_EQ(cache.take_oldest().value, 3);
}

}  // namespace
}  // namespace plimsoll::memory
