#include <plimsoll/media.h>

#include <cstring>
#include <utility>

#include "media/libvips.h"

namespace plimsoll {

namespace {

using media::Object;

constexpr int kChannels = 3;

std::size_t byte_count(int width, int height) {
  return static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * std::size_t{kChannels};
}

Object<VipsImage> view(const Image& image) {
  return Object<VipsImage>(vips_image_new_from_memory(image.pixels.data(),
                                                      byte_count(image.width, image.height), image.width,
                                                      image.height, kChannels, VIPS_FORMAT_UCHAR));
}

// Lanczos where it shrinks and bicubic where it grows: what libvips's thumbnails are made with, too.
Object<VipsImage> stretched(VipsImage* from, int width, int height) {
  VipsImage* made = nullptr;
  vips_resize(from, &made, static_cast<double>(width) / vips_image_get_width(from), "vscale",
              static_cast<double>(height) / vips_image_get_height(from), nullptr);
  return Object<VipsImage>(made);
}

}  // namespace

Expected<Image> stretch_image(const Image& image, int width, int height, MemoryPool& pool) {
  auto pixels = pool.allocate(MemoryHolder::media, byte_count(width, height));
  if (!pixels) return tl::unexpected(pixels.error());
  Image out{width, height, std::move(*pixels)};
  if (image.width == width && image.height == height) {
    std::memcpy(out.pixels.data(), image.pixels.data(), byte_count(width, height));
    return out;
  }
  const Object<VipsImage> from = media::start_libvips() ? view(image) : nullptr;
  const Object<VipsImage> made = from ? stretched(from.get(), width, height) : nullptr;
  const Object<VipsImage> to = view(out);
  // libvips trusts the size that it is told.
  const bool fits =
      made && to && vips_image_get_width(made.get()) == width && vips_image_get_height(made.get()) == height;
  if (!fits || vips_image_write(made.get(), to.get()) != 0) {
    return fail(ErrorCode::internal, "a picture of " + std::to_string(image.width) + "x" +
                                         std::to_string(image.height) + " pixels could not be scaled to " +
                                         std::to_string(width) + "x" + std::to_string(height) + " (" +
                                         media::take_libvips_detail() + ")");
  }
  return out;
}

}  // namespace plimsoll
