// Pictures: from a file or bytes to pixels of the size that is needed, in bounded memory.
#pragma once

#include <plimsoll/error.h>
#include <plimsoll/memory.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <variant>

namespace plimsoll {

/// Pictures above this many pixels are refused from their header, before anything is decoded.
inline constexpr std::uint64_t kMaxImagePixels = 512ULL * 1000 * 1000;

/// A picture as it came: a file on disk, or the bytes of one.
struct ImageSource {
  std::variant<std::filesystem::path, std::string> content;
  /// How messages call it: the path, or "picture 2".
  std::string name() const;
};

/// Rows from top to bottom, pixels from left to right, three bytes (red, green, blue; sRGB) each, no
/// padding. The memory is charged to `media`.
struct Image {
  int width = 0;   // pixels
  int height = 0;  // pixels
  Buffer pixels;   // at least width * height * 3 bytes
};

/// Decodes JPEG, PNG, WebP, GIF (first frame) and TIFF so that the longest side is at most
/// `longest_side` pixels (never scaled up), with the EXIF orientation applied and transparency laid
/// over white. Blocking: takes as long as the file is large. Thread-safe.
///
/// `cancelled`, when given, is read while rows are produced.
/// Fails with `not_found` or `io` (the file), `invalid_argument` (not a picture, damaged, cut short, or
/// over kMaxImagePixels), `over_budget`, or `cancelled`.
Expected<Image> decode_image(const ImageSource& source, int longest_side, MemoryPool& pool,
                             const std::atomic<bool>* cancelled = nullptr);

/// The same picture in exactly `width` x `height` pixels, its proportions changed where these are others.
/// Blocking, milliseconds. Thread-safe. Fails with `over_budget`, `out_of_memory` or `internal`.
Expected<Image> stretch_image(const Image& image, int width, int height, MemoryPool& pool);

}  // namespace plimsoll
