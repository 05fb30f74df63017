#include "engine/layers_to_keep.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>

namespace plimsoll::engine {
namespace {

using Bytes = std::vector<std::size_t>;

const Bytes kEqual(10, 100);
const Bytes kUneven = {50, 300, 120, 120, 70, 200, 90, 90, 310, 60};

std::size_t total(const Bytes& layers) {
  return std::accumulate(layers.begin(), layers.end(), std::size_t{0});
}
std::size_t streamed_layers(const LayersToKeep& choice) {
  return static_cast<std::size_t>(std::count(choice.kept.begin(), choice.kept.end(), false));
}

TEST(LayersToKeep, KeepsAllWhereAllFitAndThenNeedsNoSlots) {
  const LayersToKeep choice = layers_to_keep(kEqual, 1000);
  EXPECT_EQ(streamed_layers(choice), 0U);
  EXPECT_EQ(choice.bytes, 1000U);
  EXPECT_EQ(choice.read_bytes, 0U);
}

TEST(LayersToKeep, PaysForTheSlotsWithLayersThatWouldHaveFit) {
  const LayersToKeep choice = layers_to_keep(kEqual, 999);
  EXPECT_EQ(streamed_layers(choice), 3U);  // one that has no room, two whose room the slots take
  EXPECT_EQ(choice.bytes, 7 * 100U + 2 * 100U);
  EXPECT_EQ(choice.read_bytes, 300U);
}

TEST(LayersToKeep, FitsToTheByte) {
  EXPECT_EQ(streamed_layers(layers_to_keep(kEqual, 900)), 3U);
  EXPECT_EQ(streamed_layers(layers_to_keep(kEqual, 899)), 4U);
}

TEST(LayersToKeep, KeepsNoneWhereOnlyTheSlotsFit) {
  const LayersToKeep choice = layers_to_keep(kEqual, 200);
  EXPECT_EQ(streamed_layers(choice), 10U);
  EXPECT_EQ(choice.bytes, 200U);
  EXPECT_EQ(choice.read_bytes, 1000U);
}

TEST(LayersToKeep, SaysWhatTheSlotsTakeWhereNotEvenTheyFit) {
  const LayersToKeep choice = layers_to_keep(kUneven, 0);
  EXPECT_EQ(streamed_layers(choice), kUneven.size());
  EXPECT_EQ(choice.bytes, 2 * 310U);
}

TEST(LayersToKeep, SpreadsTheStreamedOnesEvenly) {
  for (std::size_t room = 200; room < 1000; ++room) {
    const LayersToKeep choice = layers_to_keep(kEqual, room);
    std::vector<std::size_t> places;
    for (std::size_t i = 0; i < choice.kept.size(); ++i) {
      if (!choice.kept[i]) places.push_back(i);
    }
    const std::size_t ideal = kEqual.size() / places.size();
    for (std::size_t i = 0; i < places.size(); ++i) {
      const std::size_t next = i + 1 < places.size() ? places[i + 1] : places[0] + kEqual.size();
      EXPECT_GE(next - places[i], ideal);
      EXPECT_LE(next - places[i], ideal + 1);
    }
  }
}

TEST(LayersToKeep, CountsEachByteOnceForAnyRoom) {
  for (std::size_t room = 0; room <= total(kUneven) + 1; ++room) {
    const LayersToKeep choice = layers_to_keep(kUneven, room);
    std::size_t kept = 0, read = 0, largest = 0;
    for (std::size_t i = 0; i < kUneven.size(); ++i) {
      (choice.kept[i] ? kept : read) += kUneven[i];
      if (!choice.kept[i]) largest = std::max(largest, kUneven[i]);
    }
    ASSERT_EQ(choice.bytes, kept + 2 * largest);
    ASSERT_EQ(choice.read_bytes, read);
    ASSERT_TRUE(choice.bytes <= room || streamed_layers(choice) == kUneven.size()) << room;
  }
}

TEST(LayersToKeep, NeverStreamsMoreLayersInMoreRoom) {
  std::size_t before = kUneven.size();
  for (std::size_t room = 0; room <= total(kUneven) + 1; ++room) {
    const std::size_t streamed = streamed_layers(layers_to_keep(kUneven, room));
    ASSERT_LE(streamed, before) << room;
    before = streamed;
  }
  EXPECT_EQ(before, 0U);
}

TEST(LayersToKeep, HasNothingToKeepOfAModelWithoutLayers) {
  const LayersToKeep choice = layers_to_keep({}, 100);
  EXPECT_TRUE(choice.kept.empty());
  EXPECT_EQ(choice.bytes + choice.read_bytes, 0U);
}

}  // namespace
}  // namespace plimsoll::engine
