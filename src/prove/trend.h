// Whether something grows, although it goes up and down. Pure functions.
#pragma once

#include <cstddef>
#include <vector>

namespace plimsoll::prove {

struct Point {
  double x = 0;
  double y = 0;
};

/// The middle one; of an even number the mean of the two in the middle. 0 of none.
double median(std::vector<double> values);

/// The median slope of all pairs of points with different x (Theil-Sen): up to 29% of the points may be
/// anything without moving it far. 0 of fewer than two. Of more than `kMostPoints` every n-th is taken.
double theil_sen_slope(const std::vector<Point>& points);
inline constexpr std::size_t kMostPoints = 1000;

}  // namespace plimsoll::prove
