// The JSON that both front doors speak: objects whose fields stand in the order that they are documented in.
// All functions of this room are thread-safe.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

namespace plimsoll::report {

using Json = nlohmann::ordered_json;

/// Invalid UTF-8, from a file name or a model, is replaced instead of thrown at the user. `indent` below
/// zero: one line.
inline std::string text_of(const Json& json, int indent = -1) {
  return json.dump(indent, ' ', false, Json::error_handler_t::replace);
}

inline Json bytes_or_null(const std::optional<std::uint64_t>& bytes) {
  return bytes ? Json(*bytes) : Json(nullptr);
}

}  // namespace plimsoll::report
