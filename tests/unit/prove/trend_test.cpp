#include "prove/trend.h"

#include <gtest/gtest.h>

namespace plimsoll::prove {
namespace {

std::vector<Point> line(double slope, int count) {
  std::vector<Point> points;
  for (int i = 0; i < count; ++i) points.push_back({static_cast<double>(i), 100 + slope * i});
  return points;
}

TEST(Median, OfAnOddAndAnEvenNumber) {
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median({}), 0);
}

TEST(TheilSen, FindsTheSlopeOfALine) {
  EXPECT_DOUBLE_EQ(theil_sen_slope(line(2.5, 50)), 2.5);
  EXPECT_DOUBLE_EQ(theil_sen_slope(line(-1, 2)), -1);
}

TEST(TheilSen, IsNotMovedByAQuarterOfWildPoints) {
  auto points = line(1, 40);
  for (std::size_t i = 0; i < points.size(); i += 4) points[i].y = 1e6;
  EXPECT_NEAR(theil_sen_slope(points), 1, 0.2);
}

TEST(TheilSen, OfTooFewPointsOrOneMomentIsFlat) {
  EXPECT_EQ(theil_sen_slope({}), 0);
  EXPECT_EQ(theil_sen_slope({{1, 1}}), 0);
  EXPECT_EQ(theil_sen_slope({{1, 1}, {1, 9}}), 0);
}

TEST(TheilSen, OfMorePointsThanItTakesIsTheSame) {
  EXPECT_DOUBLE_EQ(theil_sen_slope(line(0.5, 3 * static_cast<int>(kMostPoints) + 7)), 0.5);
}

}  // namespace
}  // namespace plimsoll::prove
