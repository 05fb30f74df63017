#include "memory/buffer_cache.h"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::memory {
namespace {

TEST(BufferCache, TakesTheSmallestThatFits) {
  BufferCache<std::string> cache;
  cache.insert("large", 10);
  cache.insert("small", 6);
  EXPECT_EQ(cache.take(5, 10)->value, "small");
  EXPECT_EQ(cache.bytes(), 10U);
}

TEST(BufferCache, TakesNoneThatIsTooLarge) {
  BufferCache<int> cache;
  cache.insert(1, 10);
  EXPECT_FALSE(cache.take(5, 9));
  EXPECT_FALSE(cache.take(11, 22));
  EXPECT_TRUE(cache.take(5, 10));
  EXPECT_TRUE(cache.empty());
}

TEST(BufferCache, GivesUpTheOldestAmongEqualSizes) {
  BufferCache<int> cache;
  cache.insert(1, 8);
  cache.insert(2, 8);
  cache.insert(3, 8);
  EXPECT_EQ(cache.take_oldest().value, 1);
  EXPECT_EQ(cache.take_oldest().value, 2);
  EXPECT_EQ(cache.take(8, 8)->value, 3);
  EXPECT_EQ(cache.bytes(), 0U);
}

TEST(BufferCache, TakingOneKeepsTheOrderOfTheOthers) {
  BufferCache<int> cache;
  cache.insert(1, 100);
  cache.insert(2, 10);
  cache.insert(3, 1000);
  EXPECT_EQ(cache.take(9, 10)->value, 2);
  EXPECT_EQ(cache.take_oldest().value, 1);
  EXPECT_EQ(cache.take_oldest().value, 3);
}

}  // namespace
}  // namespace plimsoll::memory
