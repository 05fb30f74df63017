#include "pressure/base64.h"

#include <algorithm>
#include <cstdint>

namespace plimsoll::pressure {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kGroup = 4;  // characters, which stand for three bytes

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
  if (text.size() % kGroup != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }

  std::string bytes;
  std::uint32_t bits = 0;
  unsigned waiting = 0;  // bits that are not in a byte yet
  for (const char c : text) {
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return std::nullopt;
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    waiting += 6;
    if (waiting < 8) continue;
    waiting -= 8;
    bytes += static_cast<char>((bits >> waiting) & 0xFF);
  }
  // What the padding leaves over has to be zero, so that no two texts stand for the same bytes.
  if ((bits & ((1U << waiting) - 1)) != 0) return std::nullopt;
  return bytes;
}

}  // namespace plimsoll::pressure
