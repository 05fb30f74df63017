#include "prove/svg_plot.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace plimsoll::prove {

namespace {

constexpr double kWidth = 760, kHeight = 280;
constexpr double kLeft = 58, kRight = 14, kTop = 22, kBottom = 44;
constexpr double kPlotWidth = kWidth - kLeft - kRight, kPlotHeight = kHeight - kTop - kBottom;

// From figures to the drawing's coordinates.
class Scale {
 public:
  explicit Scale(const Plot& plot) : x_from_(smallest_x(plot)) {
    x_to_ = std::max(largest_x(plot), x_from_ + 1e-9);
    if (plot.areas.empty()) {  // no dot on the frame
      const double margin = 0.015 * (x_to_ - x_from_);
      x_from_ -= margin;
      x_to_ += margin;
    }
    y_ticks_ = axis_ticks(std::max(largest_y(plot), 1e-9));
  }

  double x(double value) const { return kLeft + (value - x_from_) / (x_to_ - x_from_) * kPlotWidth; }
  double y(double value) const { return kTop + (1 - value / y_ticks_.back()) * kPlotHeight; }
  const std::vector<double>& y_ticks() const { return y_ticks_; }
  std::vector<double> x_ticks() const {
    auto ticks = axis_ticks(x_to_);
    std::erase_if(ticks, [&](double tick) { return tick < x_from_ || tick > x_to_; });
    return ticks;
  }

 private:
  static double smallest_x(const Plot& plot) {
    double least = plot.x.empty() ? 1e300 : plot.x.front();
    for (const PlotLine& line : plot.lines) {
      for (const Point& point : line.points) least = std::min(least, point.x);
    }
    return least == 1e300 ? 0 : least;
  }
  static double largest_x(const Plot& plot) {
    double most = plot.x.empty() ? 0 : plot.x.back();
    for (const PlotLine& line : plot.lines) {
      for (const Point& point : line.points) most = std::max(most, point.x);
    }
    return most;
  }
  // A bound that is far above everything is not worth flattening the rest for.
  static double largest_y(const Plot& plot) {
    double most = 0;
    for (const PlotLine& line : plot.lines) {
      for (const Point& point : line.points) most = std::max(most, point.y);
    }
    for (std::size_t i = 0; i < plot.x.size(); ++i) {
      double sum = 0;
      for (const PlotArea& area : plot.areas) sum += area.heights[i];
      most = std::max(most, sum);
    }
    constexpr double kFarAbove = 4;
    if (plot.bound && plot.bound->y < kFarAbove * most) most = std::max(most, plot.bound->y);
    return most;
  }

  double x_from_ = 0, x_to_ = 1;
  std::vector<double> y_ticks_;
};

std::string number(double value) {
  std::string text = fmt::format("{:.6g}", value);
  return text;
}

std::string text_at(double x, double y, std::string_view style, std::string_view text) {
  return fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>", x, y, style, escaped(text));
}

std::string axes(const Plot& plot, const Scale& scale) {
  std::string svg;
  for (const double tick : scale.y_ticks()) {
    const double y = scale.y(tick);
    svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"grid\"/>", kLeft,
                       kWidth - kRight, y, y);
    svg += text_at(kLeft - 8, y + 4, "tick end", number(tick));
  }
  for (const double tick : scale.x_ticks()) {
    const double x = scale.x(tick);
    svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:.1f}\" y2=\"{2:.1f}\" class=\"axis\"/>",
                       x, kTop + kPlotHeight, kTop + kPlotHeight + 4);
    svg += text_at(x, kTop + kPlotHeight + 18, "tick middle", number(tick));
  }
  svg += fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"axis\"/>", kLeft,
                     kWidth - kRight, kTop + kPlotHeight, kTop + kPlotHeight);
  svg += text_at(kLeft + kPlotWidth / 2, kHeight - 6, "label middle", plot.frame.x_label);
  svg += fmt::format("<text transform=\"translate(13 {:.1f}) rotate(-90)\" class=\"label middle\">{}</text>",
                     kTop + kPlotHeight / 2, escaped(plot.frame.y_label));
  return svg;
}

// Each on top of the sum of those before it.
std::string areas(const Plot& plot, const Scale& scale) {
  std::string svg;
  std::vector<double> floor(plot.x.size(), 0);
  for (const PlotArea& area : plot.areas) {
    std::string upper, lower;
    for (std::size_t i = 0; i < plot.x.size(); ++i) {
      upper += fmt::format("{}{:.1f} {:.1f}", i == 0 ? "M" : "L", scale.x(plot.x[i]),
                           scale.y(floor[i] + area.heights[i]));
    }
    for (std::size_t i = plot.x.size(); i-- > 0;) {
      lower += fmt::format("L{:.1f} {:.1f}", scale.x(plot.x[i]), scale.y(floor[i]));
      floor[i] += area.heights[i];
    }
    svg += fmt::format("<path d=\"{}{}Z\" class=\"area c{}\"/>", upper, lower, area.color);
  }
  return svg;
}

std::string line_path(const PlotLine& line, const Scale& scale) {
  std::string path;
  for (const Point& point : line.points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", scale.x(point.x), scale.y(point.y));
  }
  return fmt::format("<path d=\"{}\" class=\"line c{}\"/>", path, line.color);
}

std::string lines(const Plot& plot, const Scale& scale) {
  std::string svg;
  for (const PlotLine& line : plot.lines) {
    if (line.mark == Mark::line && !line.points.empty()) svg += line_path(line, scale);
    if (line.mark != Mark::dots) continue;
    for (const Point& point : line.points) {
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\" class=\"dot c{}\"/>",
                         scale.x(point.x), scale.y(point.y), line.color);
    }
  }
  return svg;
}

std::string bound_line(const PlotBound& bound, const Scale& scale) {
  const double y = scale.y(bound.y);
  if (y < kTop - 1) return {};
  return fmt::format("<line x1=\"{}\" x2=\"{}\" y1=\"{:.1f}\" y2=\"{:.1f}\" class=\"bound\"/>", kLeft,
                     kWidth - kRight, y, y) +
         text_at(kWidth - kRight - 4, y - 5, "boundname end", bound.label);
}

// A name is left out where there is no room for it.
std::string section_lines(const Plot& plot, const Scale& scale) {
  constexpr double kLetter = 5.6;
  std::string svg;
  for (std::size_t i = 0; i < plot.sections.size(); ++i) {
    const PlotSection& section = plot.sections[i];
    const double x = scale.x(section.from);
    const double end = i + 1 < plot.sections.size() ? scale.x(plot.sections[i + 1].from) : kWidth - kRight;
    if (i > 0) {
      svg += fmt::format("<line x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1}\" y2=\"{2:.1f}\" class=\"section\"/>",
                         x, kTop - 14, kTop + kPlotHeight);
    }
    if (end - x > kLetter * static_cast<double>(section.label.size()))
      svg += text_at(x + 4, kTop - 6, "tick", section.label);
  }
  return svg;
}

std::string upper_ticks(const Plot& plot, const Scale& scale) {
  std::string svg;
  for (const double moment : plot.ticks_above) {
    const double x = scale.x(moment);
    svg += fmt::format("<path d=\"M{:.1f} {} l-4 -8 h8 Z\" class=\"moment\"/>", x, kTop);
  }
  return svg;
}

std::string legend(const Plot& plot) {
  if (plot.areas.size() + plot.lines.size() < 2) return {};
  std::string items;
  const auto add = [&](int color, const std::string& label, std::string_view shape) {
    items += fmt::format("<li><i class=\"{} c{}\"></i>{}</li>", shape, color, escaped(label));
  };
  for (const PlotLine& line : plot.lines)
    add(line.color, line.label, line.mark == Mark::dots ? "disc" : "rule");
  for (auto area = plot.areas.rbegin(); area != plot.areas.rend(); ++area)
    add(area->color, area->label, "box");
  return "<ul class=\"legend\">" + items + "</ul>";
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

std::vector<double> axis_ticks(double most) {
  constexpr double kWanted = 5;
  const double rough = most / kWanted;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double candidate : {5.0, 2.0, 1.0}) {
    if (candidate * power >= rough * 0.999) step = candidate * power;
  }
  std::vector<double> ticks{0};
  while (ticks.back() < most * 0.9999) ticks.push_back(step * static_cast<double>(ticks.size()));
  return ticks;
}

std::string svg_figure(const Plot& plot) {
  const Scale scale(plot);
  std::string svg = fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\">", kWidth, kHeight,
                                escaped(plot.frame.title));
  svg += areas(plot, scale) + axes(plot, scale) + section_lines(plot, scale) + lines(plot, scale);
  if (plot.bound) svg += bound_line(*plot.bound, scale);
  svg += upper_ticks(plot, scale) + "</svg>";
  return fmt::format("<figure><figcaption>{}</figcaption>{}{}</figure>\n", escaped(plot.frame.title), svg,
                     legend(plot));
}

}  // namespace plimsoll::prove
