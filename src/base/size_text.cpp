#include <plimsoll/device.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace plimsoll {
namespace {

constexpr std::uint64_t kLargestSize = std::uint64_t{1} << 62;

bool is_digit(char c) { return c >= '0' && c <= '9'; }

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

// The bytes of "", "b", "k", "kb", "kib", "ki" (likewise m, g, t) in any case.
std::optional<std::uint64_t> unit_bytes(std::string_view unit) {
  std::string name;
  for (const char c : unit) name += lower(c);
  if (name.empty() || name == "b") return 1;

  constexpr std::string_view kPrefixes = "kmgt";
  const std::size_t power = kPrefixes.find(name.front());
  if (power == std::string_view::npos) return std::nullopt;
  const std::string_view rest = std::string_view(name).substr(1);
  if (!rest.empty() && rest != "b" && rest != "ib" && rest != "i") return std::nullopt;
  return std::uint64_t{1} << (10 * (power + 1));
}

// Takes ".5" from the front of `text` and returns its value; 0 where there is no fraction.
double take_fraction(std::string_view& text) {
  // Digits beyond these are less than a byte of the largest unit.
  constexpr std::size_t kDigitsThatCount = 20;
  if (text.size() < 2 || text[0] != '.' || !is_digit(text[1])) return 0;
  std::size_t end = 1;
  while (end < text.size() && is_digit(text[end])) ++end;
  double fraction = 0;
  std::from_chars(text.data(), text.data() + std::min(end, kDigitsThatCount), fraction);
  text.remove_prefix(end);
  return fraction;
}

tl::unexpected<Error> not_a_size(std::string_view text) {
  return fail(ErrorCode::invalid_argument,
              "\"" + std::string(text) + "\" is not a size; write one like 2500MB, 2.5GiB or 1048576");
}

tl::unexpected<Error> too_large(std::string_view text) {
  return fail(ErrorCode::invalid_argument, "\"" + std::string(text) + "\" is more than any machine has");
}

}  // namespace

Expected<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t whole = 0;
  const auto [number_end, error] = std::from_chars(text.data(), text.data() + text.size(), whole);
  if (error == std::errc::result_out_of_range) return too_large(text);
  if (error != std::errc{}) return not_a_size(text);

  std::string_view rest = text.substr(static_cast<std::size_t>(number_end - text.data()));
  const bool has_fraction = rest.starts_with('.');
  const double fraction = take_fraction(rest);
  if (!rest.empty() && rest.front() == ' ') {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    if (rest.empty()) return not_a_size(text);
  }
  const std::optional<std::uint64_t> unit = unit_bytes(rest);
  if (!unit || (has_fraction && *unit == 1)) return not_a_size(text);

  if (whole > kLargestSize / *unit) return too_large(text);
  // The unit is a power of two, so this product is exact and less than one unit.
  const auto part = static_cast<std::uint64_t>(std::floor(fraction * static_cast<double>(*unit)));
  const std::uint64_t bytes = whole * *unit + part;
  if (bytes > kLargestSize) return too_large(text);
  return bytes;
}

std::string format_size(std::uint64_t bytes) {
  constexpr std::array<std::string_view, 7> kUnits = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1000) return std::to_string(bytes) + " B";

  // A value that would be printed with four digits moves up: 1000 MiB is "0.98 GiB".
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  while (value >= 999.5 && unit + 1 < kUnits.size()) {
    value /= 1024;
    ++unit;
  }
  const int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;

  // Not printf: a program that sets its locale would print "2,50".
  std::array<char, 32> digits{};
  const auto end =
      std::to_chars(digits.data(), digits.data() + digits.size(), value, std::chars_format::fixed, decimals)
          .ptr;
  return std::string(digits.data(), end) + " " + std::string(kUnits[unit]);
}

}  // namespace plimsoll
