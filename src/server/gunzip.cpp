#include "server/gunzip.h"

#include <zlib.h>

#include <array>

namespace plimsoll::server {

std::optional<std::string> gunzip(std::string_view compressed) {
  constexpr int kGzipOfAnyWindow = 16 + MAX_WBITS;
  z_stream stream{};
  if (inflateInit2(&stream, kGzipOfAnyWindow) != Z_OK) return std::nullopt;
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(compressed.data()));  // zlib only reads it
  stream.avail_in = static_cast<uInt>(compressed.size());
  std::string text;
  std::array<char, 16 * 1024> piece{};
  int state = Z_OK;
  while (state == Z_OK) {
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    state = inflate(&stream, Z_NO_FLUSH);
    text.append(piece.data(), piece.size() - stream.avail_out);
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END) return std::nullopt;
  return text;
}

}  // namespace plimsoll::server
