// Black PNGs of any size, which compress to almost nothing.
#pragma once

#include <gtest/gtest.h>
#include <zlib.h>

#include <algorithm>
#include <cstdint>
#include <string>

namespace plimsoll::test {

inline std::string big_endian(std::uint32_t value) {
  return {static_cast<char>(value >> 24), static_cast<char>(value >> 16), static_cast<char>(value >> 8),
          static_cast<char>(value)};
}

inline std::string png_chunk(const std::string& type, const std::string& data) {
  const std::string body = type + data;
  const auto crc = crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size()));
  return big_endian(static_cast<std::uint32_t>(data.size())) + body +
         big_endian(static_cast<std::uint32_t>(crc));
}

inline std::string deflated_zeros(std::uint64_t count) {
  z_stream stream{};
  EXPECT_EQ(deflateInit(&stream, Z_DEFAULT_COMPRESSION), Z_OK);
  std::string zeros(1 << 16, '\0'), out(1 << 16, '\0'), all;
  do {
    const auto now = static_cast<uInt>(std::min<std::uint64_t>(count, zeros.size()));
    count -= now;
    stream.next_in = reinterpret_cast<Bytef*>(zeros.data());
    stream.avail_in = now;
    do {
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      deflate(&stream, count == 0 ? Z_FINISH : Z_NO_FLUSH);
      all.append(out, 0, out.size() - stream.avail_out);
    } while (stream.avail_out == 0);
  } while (count > 0);
  deflateEnd(&stream);
  return all;
}

inline std::string black_png(std::uint32_t width, std::uint32_t height, bool interlaced,
                             std::uint64_t row_bytes) {
  const std::string header = big_endian(width) + big_endian(height) + std::string("\x08\x00\x00\x00", 4) +
                             std::string(1, interlaced ? '\x01' : '\x00');
  return "\x89PNG\r\n\x1a\n" + png_chunk("IHDR", header) + png_chunk("IDAT", deflated_zeros(row_bytes)) +
         png_chunk("IEND", "");
}

/// One grey byte a pixel.
inline std::string png_of_size(std::uint32_t width, std::uint32_t height) {
  return black_png(width, height, false, std::uint64_t{height} * (width + 1));  // a filter's byte a row
}

/// The same in seven passes (Adam7): whoever decodes it needs room for all of its pixels.
inline std::string interlaced_png_of_size(std::uint32_t width, std::uint32_t height) {
  struct Pass {
    std::uint32_t x, y, dx, dy;
  };
  constexpr Pass kPasses[] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                              {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
  std::uint64_t bytes = 0;
  for (const auto& [x, y, dx, dy] : kPasses) {
    const std::uint64_t columns = width > x ? (width - x + dx - 1) / dx : 0;
    const std::uint64_t rows = height > y ? (height - y + dy - 1) / dy : 0;
    if (columns > 0) bytes += rows * (columns + 1);
  }
  return black_png(width, height, true, bytes);
}

}  // namespace plimsoll::test
