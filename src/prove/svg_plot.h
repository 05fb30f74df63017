// Plots as inline SVG for a page whose style sheet gives the colours. Pure functions; nothing is fetched.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "prove/trend.h"

namespace plimsoll::prove {

/// The text with what HTML takes for its own replaced.
std::string escaped(std::string_view text);

struct PlotFrame {
  std::string title;
  std::string x_label;  // with its unit
  std::string y_label;  // with its unit
};

enum class Mark { line, dots };

/// `color`: the number of a colour of the style sheet, from 0.
struct PlotLine {
  std::string label;
  int color = 0;
  std::vector<Point> points;
  Mark mark = Mark::line;
};

/// A line across the plot that figures should be on one side of.
struct PlotBound {
  std::string label;
  double y = 0;
};

/// A named stretch of the x axis.
struct PlotSection {
  std::string label;
  double from = 0;
};

/// One of several areas that stand on top of each other.
struct PlotArea {
  std::string label;
  int color = 0;
  std::vector<double> heights;  // one for each x of the plot
};

struct Plot {
  PlotFrame frame;
  std::vector<double> x{};        // of the areas
  std::vector<PlotArea> areas{};  // the first at the bottom
  std::vector<PlotLine> lines{};  // above them
  std::optional<PlotBound> bound{};
  std::vector<PlotSection> sections{};
  std::vector<double> ticks_above{};  // moments that are marked at the upper edge
};

/// A <figure> with the plot, its title and a legend.
std::string svg_figure(const Plot& plot);

/// Round figures from 0 up to `most` or just above: 4 to 8 of them. REQUIRES: most > 0.
std::vector<double> axis_ticks(double most);

}  // namespace plimsoll::prove
