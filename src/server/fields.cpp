#include "server/fields.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

namespace plimsoll::server {

namespace {

constexpr std::size_t kMaxStops = 4;
constexpr std::size_t kMaxStopBytes = 1024;

std::string plain(float number) {
  std::ostringstream text;
  text << number;
  return text.str();
}

}  // namespace

const Json* Fields::find(const std::string& name) const {
  const auto found = object_.find(name);
  return found == object_.end() || found->is_null() ? nullptr : &*found;
}

ApiExpected<std::optional<std::string>> Fields::text(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_string()) return refuse(path_of(name), path_of(name) + " must be a string");
  return value->get<std::string>();
}

ApiExpected<bool> Fields::flag(const std::string& name, bool otherwise) const {
  const Json* value = find(name);
  if (value == nullptr) return otherwise;
  if (!value->is_boolean()) return refuse(path_of(name), path_of(name) + " must be true or false");
  return value->get<bool>();
}

ApiExpected<std::optional<float>> Fields::number(const std::string& name, float least, float most) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : std::nan("");
  if (!(number >= least && number <= most)) {
    return refuse(path_of(name),
                  path_of(name) + " must be a number from " + plain(least) + " to " + plain(most));
  }
  return static_cast<float>(number);
}

ApiExpected<std::optional<int>> Fields::count(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  const double number = value->is_number() ? value->get<double>() : std::nan("");
  if (!(number >= 1) || number != std::floor(number)) {
    return refuse(path_of(name), path_of(name) + " must be a whole number of at least 1");
  }
  return static_cast<int>(std::min<double>(number, std::numeric_limits<int>::max()));
}

ApiExpected<std::optional<std::uint32_t>> Fields::seed(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_number_integer()) return refuse(path_of(name), path_of(name) + " must be a whole number");
  return static_cast<std::uint32_t>(value->is_number_unsigned()
                                        ? value->get<std::uint64_t>()
                                        : static_cast<std::uint64_t>(value->get<std::int64_t>()));
}

ApiExpected<std::vector<std::string>> Fields::stop(const std::string& name) const {
  const Json* value = find(name);
  if (value == nullptr) return std::vector<std::string>();
  std::vector<std::string> stops;
  const auto add = [&](const Json& stop) {
    if (!stop.is_string()) return false;
    stops.push_back(stop.get<std::string>());
    return !stops.back().empty() && stops.back().size() <= kMaxStopBytes;
  };
  const bool valid =
      value->is_array() ? value->size() <= kMaxStops && std::ranges::all_of(*value, add) : add(*value);
  if (!valid) {
    return refuse(path_of(name), path_of(name) + " must be a string or up to 4 strings, none of them empty");
  }
  return stops;
}

ApiExpected<void> read_sampling(const Fields& fields, GenerationRequest& request) {
  const auto temperature = fields.number("temperature", 0, 2);
  if (!temperature) return tl::unexpected(temperature.error());
  request.temperature = *temperature;
  const auto top_p = fields.number("top_p", 0, 1);
  if (!top_p) return tl::unexpected(top_p.error());
  if (*top_p && **top_p <= 0) {
    return refuse(fields.path_of("top_p"), fields.path_of("top_p") + " must be above 0, up to 1");
  }
  request.top_p = *top_p;
  const auto seed = fields.seed("seed");
  if (!seed) return tl::unexpected(seed.error());
  request.seed = *seed;
  auto stop = fields.stop("stop");
  if (!stop) return tl::unexpected(stop.error());
  request.stop = std::move(*stop);
  return {};
}

}  // namespace plimsoll::server
