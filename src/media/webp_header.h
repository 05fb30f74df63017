// What the header of a WebP file says, before any decoder sees it: libvips makes room for the whole picture
// when it opens one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace plimsoll::media {

struct WebpHeader {
  int width = 0;
  int height = 0;
  /// Lossy, without alpha, not animated: the only kind that libwebp scales row by row.
  bool plain = false;
};

/// `file` begins as a WebP file does, and is all of it. Nothing where it does not say how large it is.
std::optional<WebpHeader> read_webp_header(std::span<const std::byte> file);

}  // namespace plimsoll::media
