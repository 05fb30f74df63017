#include "server/request_head.h"

#include <algorithm>
#include <cctype>
#include <charconv>

namespace plimsoll::server {

namespace {

bool same_word(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (problem != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void read_request_line(std::string_view line, RequestHead& head) {
  const std::size_t first = std::min(line.find(' '), line.size());
  head.method = line.substr(0, first);
  std::string_view target = line.substr(std::min(first + 1, line.size()));
  target = target.substr(0, target.find(' '));
  head.path = target.substr(0, target.find('?'));
}

void read_header(std::string_view line, RequestHead& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string_view name = line.substr(0, colon);
  const std::string_view value = trimmed(line.substr(colon + 1));
  if (same_word(name, "content-length")) {
    const auto length = number_of(value);
    head.ambiguous = head.ambiguous || !length || head.content_length.has_value();
    head.content_length = length;
  } else if (same_word(name, "transfer-encoding")) {
    head.ambiguous = head.ambiguous || head.chunked || !same_word(value, "chunked");
    head.chunked = true;
  } else if (same_word(name, "expect")) {
    head.expects_continue = true;
  }
}

}  // namespace

std::optional<RequestHead> read_head(std::string_view input) {
  const std::size_t end = input.find("\r\n\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  RequestHead head;
  head.bytes = end + 4;
  std::string_view rest = input.substr(0, end);
  for (bool first = true; !rest.empty(); first = false) {
    const std::size_t line_end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = trimmed(rest.substr(0, line_end));
    rest.remove_prefix(std::min(line_end + 1, rest.size()));
    first ? read_request_line(line, head) : read_header(line, head);
  }
  head.ambiguous = head.ambiguous || (head.chunked && head.content_length);
  return head;
}

}  // namespace plimsoll::server
