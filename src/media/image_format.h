// Which kind of picture the first bytes announce. The only gate to the decoders: what is not named
// here is never handed to one.
#pragma once

#include <cstddef>
#include <optional>
#include <span>

namespace plimsoll::media {

enum class ImageFormat { jpeg, png, webp, gif, tiff };

/// As many first bytes as sniff_image_format() looks at. It accepts fewer.
inline constexpr std::size_t kImageFormatHeadBytes = 12;

/// Nothing when `head` is not the beginning of a picture that this program reads.
std::optional<ImageFormat> sniff_image_format(std::span<const std::byte> head);

}  // namespace plimsoll::media
