#include "media/image_format.h"

#include <string_view>

namespace plimsoll::media {
namespace {

using namespace std::string_view_literals;

std::string_view text_of(std::span<const std::byte> head) {
  return {reinterpret_cast<const char*>(head.data()), head.size()};
}

// The second pair is BigTIFF.
bool is_tiff(std::string_view head) {
  return head.starts_with("II*\0"sv) || head.starts_with("MM\0*"sv) || head.starts_with("II+\0"sv) ||
         head.starts_with("MM\0+"sv);
}

// Four bytes of length stand between the two words.
bool is_webp(std::string_view head) {
  return head.size() >= 12 && head.starts_with("RIFF"sv) && head.substr(8, 4) == "WEBP"sv;
}

}  // namespace

std::optional<ImageFormat> sniff_image_format(std::span<const std::byte> head) {
  const std::string_view text = text_of(head);
  if (text.starts_with("\xFF\xD8\xFF"sv)) return ImageFormat::jpeg;
  if (text.starts_with("\x89PNG\r\n\x1A\n"sv)) return ImageFormat::png;
  if (is_webp(text)) return ImageFormat::webp;
  if (text.starts_with("GIF87a"sv) || text.starts_with("GIF89a"sv)) return ImageFormat::gif;
  if (is_tiff(text)) return ImageFormat::tiff;
  return std::nullopt;
}

}  // namespace plimsoll::media
