#include "bench/comparison/figure.h"

#include <array>
#include <cstdio>

#include "bench/median.h"

namespace plimsoll::bench {

namespace {

Json json_of(const Measured& measured) { return measured ? Json(*measured) : Json(nullptr); }

std::string text_of(const std::optional<double>& value) {
  if (!value) return "-";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f", *value < 10 ? 3 : 1, *value);
  return text.data();
}

std::optional<double> value_of(const Measured& measured) {
  return measured ? std::optional<double>(*measured) : std::nullopt;
}

}  // namespace

void Samples::add(const Measured& measured) {
  if (measured) {
    values_.push_back(*measured);
  } else if (!reason_) {
    reason_ = measured.error();
  }
}

Measured Samples::median() const {
  if (values_.empty()) return missing(reason_.value_or("nothing was run"));
  return bench::median(values_);
}

Figure figure_of(std::string unit, const Samples& ours, const Samples& peer) {
  Figure figure{std::move(unit), ours.median(), peer.median()};
  figure.details["runs"] = {{"ours", ours.count()}, {"peer", peer.count()}};
  return figure;
}

std::optional<double> ratio_of(const Figure& figure) {
  if (!figure.ours || !figure.peer || *figure.peer == 0) return std::nullopt;
  return *figure.ours / *figure.peer;
}

Json figure_json(const Figure& figure) {
  const auto ratio = ratio_of(figure);
  Json json = {{"ours", json_of(figure.ours)},
               {"peer", json_of(figure.peer)},
               {"ratio", ratio ? Json(*ratio) : Json(nullptr)},
               {"unit", figure.unit}};
  json.update(figure.details);
  if (!figure.ours) json["ours_missing"] = figure.ours.error();
  if (!figure.peer) json["peer_missing"] = figure.peer.error();
  return json;
}

std::string figure_row(const std::string& name, const Figure& figure) {
  std::array<char, 160> row{};
  std::snprintf(row.data(), row.size(), "%-30s %12s %12s  %-9s %8s", name.c_str(),
                text_of(value_of(figure.ours)).c_str(), text_of(value_of(figure.peer)).c_str(),
                figure.unit.c_str(), text_of(ratio_of(figure)).c_str());
  return row.data();
}

}  // namespace plimsoll::bench
