#include "prove/trend.h"

#include <algorithm>
#include <utility>

namespace plimsoll::prove {

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  if (values.size() % 2 == 1) return *middle;
  return (*middle + *std::max_element(values.begin(), middle)) / 2;
}

double theil_sen_slope(const std::vector<Point>& points) {
  const std::size_t step = 1 + points.size() / (kMostPoints + 1);
  std::vector<double> slopes;
  for (std::size_t i = 0; i < points.size(); i += step) {
    for (std::size_t j = i + step; j < points.size(); j += step) {
      const double dx = points[j].x - points[i].x;
      if (dx != 0) slopes.push_back((points[j].y - points[i].y) / dx);
    }
  }
  return median(std::move(slopes));
}

}  // namespace plimsoll::prove
