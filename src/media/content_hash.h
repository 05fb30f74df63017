// What a picture's bytes are, in 128 bits: the same bytes have the same hash, wherever they lie.
#pragma once

#include <plimsoll/media.h>

#include <compare>
#include <cstdint>

namespace plimsoll::media {

struct ContentHash {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  auto operator<=>(const ContentHash&) const = default;
};

/// Reads the whole file, in pieces. Fails as decode_image() does when it can not be read.
Expected<ContentHash> content_hash(const ImageSource& source);

}  // namespace plimsoll::media
