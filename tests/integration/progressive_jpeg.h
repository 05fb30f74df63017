// A grey progressive JPEG of any size, of three bits for each 8x8 pixels; whoever decodes it holds all of its
// coefficients, six bytes a pixel.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace plimsoll::test {

inline std::string jpeg_segment(std::uint8_t marker, const std::string& data) {
  const std::size_t length = data.size() + 2;
  return std::string("\xff", 1) + static_cast<char>(marker) + static_cast<char>(length >> 8) +
         static_cast<char>(length) + data;
}

inline std::string progressive_jpeg(unsigned width, unsigned height) {
  const auto bytes = [](std::initializer_list<int> values) {
    std::string text;
    for (const int value : values) text += static_cast<char>(value);
    return text;
  };
  const auto two = [&](unsigned value) {
    return bytes({static_cast<int>(value >> 8), static_cast<int>(value)});
  };
  // Three components, none of them halved, all with table 0.
  const std::string frame =
      bytes({8}) + two(height) + two(width) + bytes({3, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0});
  // One code, of one bit: no difference to the block before.
  const std::string codes = bytes({0, 1}) + std::string(15, '\0') + bytes({0});
  // The first coefficient of all three components; no scan says anything about the others.
  const std::string scan = bytes({3, 1, 0, 2, 0, 3, 0, 0, 0, 0});
  const std::size_t blocks = 3ULL * ((width + 7) / 8) * ((height + 7) / 8);
  std::string data(blocks / 8, '\0');
  if (blocks % 8 != 0) data += static_cast<char>(0xff >> (blocks % 8));
  return bytes({0xff, 0xd8}) + jpeg_segment(0xdb, std::string(1, '\0') + std::string(64, '\1')) +
         jpeg_segment(0xc2, frame) + jpeg_segment(0xc4, codes) + jpeg_segment(0xda, scan) + data +
         bytes({0xff, 0xd9});
}

}  // namespace plimsoll::test
