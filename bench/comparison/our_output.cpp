#include "bench/comparison/our_output.h"

namespace plimsoll::bench {

Printed parse_object(std::string_view json) {
  Json parsed = Json::parse(json, nullptr, false);
  if (!parsed.is_object()) return missing("no JSON object was printed");
  return parsed;
}

Json value_at(const Printed& printed, const std::string& path) {
  const Json::json_pointer pointer(path);
  return printed && printed->contains(pointer) ? printed->at(pointer) : Json(nullptr);
}

Measured number_at(const Printed& printed, const std::string& path) {
  if (!printed) return missing(printed.error());
  const Json value = value_at(printed, path);
  if (!value.is_number()) return missing("no number at " + path);
  return value.get<double>();
}

Samples numbers_at(const Printed& printed, const std::string& path) {
  Samples samples;
  const Json values = value_at(printed, path);
  for (std::size_t i = 0; i < values.size(); ++i)
    samples.add(number_at(printed, path + "/" + std::to_string(i)));
  if (values.empty()) samples.add(missing(printed ? "no numbers at " + path : printed.error()));
  return samples;
}

Measured our_encode_ms_per_tile(std::string_view json) {
  const Printed printed = parse_object(json);
  const Measured ms = number_at(printed, "/timing/image_encode_ms");
  const Measured tiles = number_at(printed, "/image/tiles");
  if (!ms) return ms;
  if (!tiles) return tiles;
  if (*tiles <= 0) return missing("no tile went through the vision encoder");
  return *ms / *tiles;
}

Measured our_load_ms(std::string_view json) { return number_at(parse_object(json), "/timing/load_ms"); }

}  // namespace plimsoll::bench
