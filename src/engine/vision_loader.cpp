#include "engine/vision_loader.h"

#include <algorithm>
#include <utility>

#include "engine/mtmd_encoder.h"
#include "engine/siglip_encoder.h"
#include "engine/tile_layout.h"
#include "plimsoll/size.h"

namespace plimsoll::engine {

namespace {

// What decoding takes at the least (src/media/image.cpp). A large picture that finds no room beyond that is
// refused when it is decoded, by name.
constexpr std::size_t kDecodeBytes = 7 * kMiB;
// libmtmd keeps a tile's pixels as bytes and as floats.
constexpr std::size_t kMtmdBytesPerPixel = 3 * (1 + sizeof(float));
// What ggml's scheduler of libmtmd's encoder asks for and never touches: room for the largest graph.
constexpr std::size_t kMtmdUntouchedBytes = 24 * kMiB;
constexpr int kTokensAround = 4;  // of a tile: where it stands, and line ends

PictureNeeds needs_of_tiles(int tiles, int tokens_each, int embedding_width, std::size_t media_bytes) {
  const int embedded = tiles * tokens_each;
  return {embedded + tiles * kTokensAround, std::max(kDecodeBytes, media_bytes),
          static_cast<std::size_t>(embedded) * static_cast<std::size_t>(embedding_width) * sizeof(float)};
}

std::size_t square(int side) { return static_cast<std::size_t>(side) * static_cast<std::size_t>(side); }

// A square picture is cut into the most tiles.
PictureNeeds largest_for_mtmd(const ModelFileSummary& file, int embedding_width) {
  const int tile = std::max(file.image_tile, 1);
  const int side = std::max(1, (file.image_longest_edge + tile - 1) / tile);
  const int tiles = file.image_longest_edge > 0 ? side * side + 1 : 1;
  const std::size_t pixels = static_cast<std::size_t>(tiles) * square(tile);
  return needs_of_tiles(tiles, tokens_of_tile(file), embedding_width, pixels * kMtmdBytesPerPixel);
}

PictureNeeds largest_for_siglip(const SiglipShape& shape, int image_size) {
  constexpr std::size_t kBytesPerPixel = 3;
  const TileLayout layout = tile_layout(1, 1, image_size, shape.longest_edge, shape.tile);
  const std::size_t cut = square(layout.columns * shape.tile),
                    overview = layout.is_grid() ? square(shape.tile) : 0;
  const std::size_t decoded = square(std::min(image_size, shape.longest_edge));
  return needs_of_tiles(layout.tiles(), shape.positions(), shape.output_width,
                        (decoded + cut + overview) * kBytesPerPixel);
}

Expected<std::optional<SiglipFile>> open_own(const std::filesystem::path& path, VisionKernels kernels) {
  if (kernels == VisionKernels::libmtmd) return std::optional<SiglipFile>();
  return SiglipFile::open(path);
}

}  // namespace

Expected<VisionNeeds> vision_needs(const std::filesystem::path& path, VisionKernels kernels,
                                   int embedding_width, int threads) {
  if (path.empty()) return VisionNeeds{};
  auto own = open_own(path, kernels);
  if (!own) return tl::unexpected(own.error());
  if (*own) {
    const SiglipBytes bytes = siglip_bytes(**own, kernels, threads);
    return VisionNeeds{bytes.weights, bytes.compute, false, 0, [shape = (*own)->shape()](int image_size) {
                         return largest_for_siglip(shape, image_size);
                       }};
  }
  auto file = read_model_file(path);
  if (!file) return tl::unexpected(file.error());
  const std::size_t page = PageSource::page_bytes();
  const std::size_t weights = (file->tensor_bytes + page - 1) / page * page;
  auto compute = mtmd_compute_bytes(path, weights, threads);
  if (!compute) return tl::unexpected(compute.error());
  return VisionNeeds{weights, *compute, true, kMtmdUntouchedBytes,
                     [picture = largest_for_mtmd(*file, embedding_width)](int) { return picture; }};
}

Expected<std::unique_ptr<VisionEncoder>> load_vision_encoder(const std::filesystem::path& path,
                                                             VisionKernels kernels, TextModel& text,
                                                             GovernedDevice& device, int threads,
                                                             const Progress& progress,
                                                             const CancelFlagPtr& cancel) {
  auto own = open_own(path, kernels);
  if (!own) return tl::unexpected(own.error());
  // One that was trained for another language model is left to libmtmd, which says so.
  if (*own && (*own)->shape().output_width == text.embedding_width()) {
    return load_siglip_encoder(std::move(**own), kernels, text, device, threads, progress, cancel);
  }
  return load_mtmd_encoder(path, text, device.pool(), device, threads, progress, cancel);
}

}  // namespace plimsoll::engine
