#include "server/json_text.h"

#include <algorithm>
#include <array>
#include <optional>
#include <string>

namespace plimsoll::server {

namespace {

tl::unexpected<ApiError> invalid(std::string message) {
  return refuse({}, std::move(message), "invalid_json");
}

// Where the string that begins at `at` ends, quotes included; the text's end where it does not.
std::size_t end_of_string(std::string_view text, std::size_t at) {
  at = text.find_first_of("\"\\", at + 1);
  while (at != std::string_view::npos && text[at] == '\\') at = text.find_first_of("\"\\", at + 2);
  return std::min(at, text.size());
}

// Counts brackets and commas; whether they are in order is the parser's to say.
std::optional<std::string> excess_of(std::string_view text) {
  std::array<std::size_t, kMaxJsonDepth + 1> members{};  // of the objects that are open
  std::array<bool, kMaxJsonDepth + 1> is_object{};
  std::size_t depth = 0;
  std::size_t values = 1;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const char c = text[at];
    if (c == '"') {
      at = end_of_string(text, at);
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) {
        return "the JSON is nested deeper than " + std::to_string(kMaxJsonDepth) + " levels; flatten it";
      }
      members[depth] = 0;
      is_object[depth] = c == '{';
      ++values;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
    } else if (c == ',') {
      ++values;
      if (is_object[depth] && ++members[depth] >= kMaxJsonMembers) {
        return "an object in the JSON has more than " + std::to_string(kMaxJsonMembers) + " members";
      }
    }
    if (values > kMaxJsonValues) {
      return "the JSON has more than " + std::to_string(kMaxJsonValues) + " values";
    }
  }
  return std::nullopt;
}

}  // namespace

ApiExpected<Json> parse_json(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) {
    return invalid("the request has no body; send a JSON object");
  }
  if (auto excess = excess_of(text)) return invalid(std::move(*excess));
  try {
    return Json::parse(text);
  } catch (const Json::exception& error) {
    // "[json.exception.parse_error.101] parse error at line 1, column 2: ..." and, behind it, the input
    std::string reason = error.what();
    if (const auto bracket = reason.find("] "); bracket != std::string::npos) reason.erase(0, bracket + 2);
    return invalid("the body is not valid JSON: " + quoted_line(reason));
  }
}

}  // namespace plimsoll::server
