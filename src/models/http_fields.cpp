#include "models/http_fields.h"

#include <charconv>
#include <system_error>

namespace plimsoll::models {

bool is_strong(std::string_view etag) { return etag.starts_with('"'); }

std::string unquoted(std::string_view etag) {
  if (etag.size() >= 2 && etag.front() == '"' && etag.back() == '"') etag = etag.substr(1, etag.size() - 2);
  return std::string(etag);
}

std::optional<ContentRange> parse_content_range(std::string_view text) {
  constexpr std::string_view kUnit = "bytes ";
  const auto slash = text.find('/');
  if (!text.starts_with(kUnit) || slash == std::string_view::npos) return std::nullopt;
  ContentRange range;
  const char* const end = text.data() + text.size();
  const auto [from_end, error] = std::from_chars(text.data() + kUnit.size(), end, range.from);
  if (error != std::errc{} || from_end == end || *from_end != '-') return std::nullopt;
  std::uint64_t all = 0;
  if (std::from_chars(text.data() + slash + 1, end, all).ec == std::errc{}) range.all = all;
  return range;
}

}  // namespace plimsoll::models
