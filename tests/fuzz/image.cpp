// Pictures. The first byte says how large the picture may become, the others are its file.
#include <plimsoll/media.h>
#include <plimsoll/size.h>

#include <algorithm>
#include <numeric>

#include "tests/fuzz/expect.h"

using namespace plimsoll;

namespace {

constexpr std::size_t kMemoryLimitBytes = 64 * kMiB;

std::uint64_t sum_of(const Image& image) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(image.pixels.data());
  return std::accumulate(first, first + 3L * image.width * image.height, std::uint64_t{0});
}

void check(const Image& image, int longest_side, MemoryPool& pool) {
  fuzz::expect(image.width >= 1 && image.height >= 1, "pixels");
  fuzz::expect(std::max(image.width, image.height) <= longest_side, "the size that was asked for");
  const auto stretched = stretch_image(image, longest_side, longest_side, pool);
  fuzz::expect(stretched.has_value(), "a picture that can be stretched");
  fuzz::expect(sum_of(image) <= 255ULL * 3 * 256 * 256 && sum_of(*stretched) <= 255ULL * 3 * 256 * 256,
               "bytes");
}

void check(const Error& error) {
  fuzz::expect(error.code == ErrorCode::invalid_argument || error.code == ErrorCode::over_budget,
               "blame of the picture", error.message);
  fuzz::expect_sentence(error.message);
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const int longest_side = 1 + data[0];
  const auto pool = MemoryPool::create();
  pool->set_memory_limit(kMemoryLimitBytes);
  {
    const ImageSource source{.content = std::string(fuzz::text_of(data + 1, size - 1))};
    const auto image = decode_image(source, longest_side, *pool);
    image ? check(*image, longest_side, *pool) : check(image.error());
  }
  fuzz::expect(pool->active_memory() == 0, "all memory back");
  return 0;
}
