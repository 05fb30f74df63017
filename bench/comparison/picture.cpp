#include "bench/comparison/picture.h"

#include <vips/vips.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <vector>

namespace plimsoll::bench {

namespace {

constexpr int kBands = 3;

// Slopes and coarse checks: something in every frequency, and it compresses as a photograph does.
std::uint8_t value_at(int x, int y, int band, unsigned seed) {
  const unsigned column = static_cast<unsigned>(x) * (2 + seed % 5), row = static_cast<unsigned>(y) * 3;
  const unsigned slope = (column + row * (1 + static_cast<unsigned>(band)) + seed * 37) / 8;
  const unsigned check = ((column >> 6) ^ (row >> 6)) % 4 * 24;
  return static_cast<std::uint8_t>(slope + check);
}

[[noreturn]] void give_up() {
  std::fprintf(stderr, "the picture can not be made: %s\n", vips_error_buffer());
  std::exit(1);
}

}  // namespace

std::string jpeg_picture(int width, int height, unsigned seed) {
  if (VIPS_INIT("bench") != 0) give_up();
  std::vector<std::uint8_t> pixels;
  pixels.reserve(static_cast<std::size_t>(width) * static_cast<std::size_t>(height) * kBands);
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      for (int band = 0; band < kBands; ++band) pixels.push_back(value_at(x, y, band, seed));
    }
  }
  const std::unique_ptr<VipsImage, decltype(&g_object_unref)> image(
      vips_image_new_from_memory(pixels.data(), pixels.size(), width, height, kBands, VIPS_FORMAT_UCHAR),
      &g_object_unref);
  void* bytes = nullptr;
  std::size_t size = 0;
  if (!image || vips_jpegsave_buffer(image.get(), &bytes, &size, "Q", 90, nullptr) != 0) give_up();
  std::string jpeg(static_cast<const char*>(bytes), size);
  g_free(bytes);
  return jpeg;
}

}  // namespace plimsoll::bench
