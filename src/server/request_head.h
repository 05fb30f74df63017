// The first lines of an HTTP request, looked at before a thread is spent on it. httplib parses them again,
// in full. A pure function, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace plimsoll::server {

struct RequestHead {
  std::string_view method;
  std::string_view path;  // without the query
  std::size_t bytes = 0;  // up to where the body begins
  std::optional<std::uint64_t> content_length{};
  bool chunked = false;
  bool expects_continue = false;
  // Nobody could tell where this request ends: two lengths, a length that is no number, or both framings.
  bool ambiguous = false;

  bool has_body() const { return chunked || content_length.value_or(0) > 0; }
};

/// Nothing while the empty line is still to come. `input` outlives what this returns.
std::optional<RequestHead> read_head(std::string_view input);

}  // namespace plimsoll::server
