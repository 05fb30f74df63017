// One figure of the comparison: the medians of both sides and their ratio. What could not be measured is
// missing, with the reason; nothing stands in for it. Plain values.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace plimsoll::bench {

using Json = nlohmann::ordered_json;  // keys stay in the order that they were added in

/// What one run gave, or why it gave nothing.
using Measured = tl::expected<double, std::string>;
inline tl::unexpected<std::string> missing(std::string reason) {
  return tl::unexpected<std::string>(std::move(reason));
}

/// What all runs of one side gave.
class Samples {
 public:
  void add(const Measured& measured);
  /// Fails with the first reason when no run gave anything.
  Measured median() const;
  std::size_t count() const { return values_.size(); }

 private:
  std::vector<double> values_;
  std::optional<std::string> reason_;  // the first
};

struct Figure {
  std::string unit;  // of both sides; the ratio has none
  Measured ours;
  Measured peer;
  Json details = Json::object();  // what else belongs to it: runs, hits, the peer's best type
};

Figure figure_of(std::string unit, const Samples& ours, const Samples& peer);

/// ours / peer; empty when either is missing or the peer's is zero.
std::optional<double> ratio_of(const Figure& figure);

/// {"ours", "peer", "ratio", "unit", details...}, and "ours_missing" or "peer_missing" with the reason.
Json figure_json(const Figure& figure);

/// A row of the printed table, without a line feed.
std::string figure_row(const std::string& name, const Figure& figure);

/// In the order that they are shown in.
using Figures = std::vector<std::pair<std::string, Figure>>;

}  // namespace plimsoll::bench
