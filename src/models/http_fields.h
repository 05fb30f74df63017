// The header fields that say which bytes of what content came. Pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::models {

/// Only a strong ETag says that bytes are the same.
bool is_strong(std::string_view etag);

std::string unquoted(std::string_view etag);

/// Content-Range: "bytes 100-199/200"; "*" for all of it is unknown.
struct ContentRange {
  std::uint64_t from = 0;
  std::optional<std::uint64_t> all{};
};
std::optional<ContentRange> parse_content_range(std::string_view text);

}  // namespace plimsoll::models
