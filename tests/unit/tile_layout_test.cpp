// How pictures are cut.
#include "engine/tile_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plimsoll/configuration.h"

namespace plimsoll::engine {
namespace {

using testing::ElementsAre;

TileLayout bundled(int width, int height, int image_size) {
  return tile_layout(width, height, image_size, 384, 192);
}

TEST(TileLayout, OneTileIsTheOverviewAlone) {
  const TileLayout layout = tile_layout(640, 480, 384, 2048, 512);
  EXPECT_FALSE(layout.is_grid());
  EXPECT_EQ(layout.tiles(), 1);
}

TEST(TileLayout, EveryClassSizeIsOneTileOfSmolVlm2) {
  for (const int size : {160, 192, 224, 256, 384, 448})
    EXPECT_EQ(tile_layout(640, 480, size, 2048, 512).tiles(), 1);
}

TEST(TileLayout, TheBundledModelGetsOneTileAt192AndFiveAbove) {
  EXPECT_EQ(bundled(500, 500, 192).tiles(), 1);
  EXPECT_EQ(bundled(500, 500, 256).tiles(), 5);
  EXPECT_EQ(bundled(640, 480, 384).tiles(), 5);
}

TEST(TileLayout, AFullPictureOfFourToThreeIsSixteenTilesAndTheOverview) {
  const TileLayout layout = tile_layout(640, 480, kFullImageSize, 2048, 512);
  EXPECT_EQ(layout.columns, 4);
  EXPECT_EQ(layout.rows, 3);
  EXPECT_EQ(layout.tiles(), 13);
}

TEST(TileLayout, WideAndTallPicturesHaveFewerTiles) {
  EXPECT_EQ(bundled(1000, 500, 384).columns, 2);
  EXPECT_EQ(bundled(1000, 500, 384).rows, 1);
  EXPECT_EQ(bundled(300, 900, 384).columns, 1);
  EXPECT_EQ(bundled(300, 900, 384).rows, 2);
  EXPECT_EQ(bundled(1, 100000, 384).columns, 1);
}

TEST(TileLayout, SmallPicturesAreScaledUp) { EXPECT_EQ(bundled(10, 10, 384).tiles(), 5); }

TEST(TextsAroundTiles, OfOneTile) {
  EXPECT_THAT(texts_around_tiles({1, 1}),
              ElementsAre("<fake_token_around_image><global-img>", "<fake_token_around_image>"));
}

TEST(TextsAroundTiles, OfOneTileWithWhatTheModelWasTrainedToSeeBeforeIt) {
  EXPECT_THAT(texts_around_tiles({1, 1}, "\n\n"),
              ElementsAre("\n\n<fake_token_around_image><global-img>", "<fake_token_around_image>"));
  EXPECT_EQ(texts_around_tiles({2, 2}, "\n\n"), texts_around_tiles({2, 2}));
}

TEST(TextsAroundTiles, OfAGridGoRowByRowAndEndWithTheOverview) {
  EXPECT_THAT(
      texts_around_tiles({2, 2}),
      ElementsAre("<fake_token_around_image><row_1_col_1>", "<fake_token_around_image><row_1_col_2>",
                  "\n<fake_token_around_image><row_2_col_1>", "<fake_token_around_image><row_2_col_2>",
                  "\n\n<fake_token_around_image><global-img>", "<fake_token_around_image>"));
}

}  // namespace
}  // namespace plimsoll::engine
