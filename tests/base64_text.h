// Bytes as base64, for requests that carry pictures. The product only reads it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll::test {

inline std::string base64(std::string_view bytes) {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    std::uint32_t group = 0;
    for (std::size_t i = 0; i < 3; ++i) {
      group = (group << 8) | (at + i < bytes.size() ? static_cast<unsigned char>(bytes[at + i]) : 0U);
    }
    for (std::size_t i = 0; i < 4; ++i) {
      text += at + i > bytes.size() ? '=' : kAlphabet[(group >> (18 - 6 * i)) & 63];
    }
  }
  return text;
}

}  // namespace plimsoll::test
