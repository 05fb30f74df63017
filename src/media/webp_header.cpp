#include "media/webp_header.h"

#include <cstdint>
#include <string_view>

namespace plimsoll::media {

namespace {

constexpr std::size_t kFirstChunk = 12;  // behind "RIFF", the length and "WEBP"
constexpr std::size_t kChunkHead = 8;    // kind and length

class Bytes {
 public:
  explicit Bytes(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool reach(std::uint64_t end) const { return end <= bytes_.size(); }
  std::string_view kind_at(std::uint64_t offset) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + offset, 4};
  }
  /// Little-endian.
  std::uint32_t number_at(std::uint64_t offset, int bytes) const {
    std::uint32_t number = 0;
    for (int i = bytes; i-- > 0;) {
      number = number << 8 | std::to_integer<std::uint32_t>(bytes_[offset + static_cast<std::uint64_t>(i)]);
    }
    return number;
  }

 private:
  std::span<const std::byte> bytes_;
};

// The first chunk has the size: an extended header's, or the only picture's.
std::optional<WebpHeader> size_in(const Bytes& file) {
  const std::uint64_t at = kFirstChunk + kChunkHead;
  if (!file.reach(at + 10)) return std::nullopt;
  const std::string_view kind = file.kind_at(kFirstChunk);
  const auto side = [](std::uint32_t value) { return static_cast<int>(value); };
  if (kind == "VP8X") {
    return WebpHeader{side(file.number_at(at + 4, 3)) + 1, side(file.number_at(at + 7, 3)) + 1};
  }
  if (kind == "VP8 ") {
    return WebpHeader{side(file.number_at(at + 6, 2) & 0x3fff), side(file.number_at(at + 8, 2) & 0x3fff)};
  }
  if (kind == "VP8L") {
    const std::uint32_t both = file.number_at(at + 1, 4);
    return WebpHeader{side(both & 0x3fff) + 1, side(both >> 14 & 0x3fff) + 1};
  }
  return std::nullopt;
}

// What kind of picture it is says the first chunk that is neither the extended header nor metadata.
bool is_plain(const Bytes& file) {
  for (std::uint64_t offset = kFirstChunk; file.reach(offset + kChunkHead);) {
    const std::string_view kind = file.kind_at(offset);
    if (kind == "VP8 ") return true;
    if (kind != "VP8X" && kind != "ICCP" && kind != "EXIF" && kind != "XMP ") return false;
    const std::uint64_t length = file.number_at(offset + 4, 4);
    offset += kChunkHead + length + length % 2;
  }
  return false;
}

}  // namespace

std::optional<WebpHeader> read_webp_header(std::span<const std::byte> file) {
  const Bytes bytes(file);
  auto header = size_in(bytes);
  if (!header || header->width == 0 || header->height == 0) return std::nullopt;
  header->plain = is_plain(bytes);
  return header;
}

}  // namespace plimsoll::media
