#include "engine/model_needs.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/mtmd_encoder.h"
#include "plimsoll/size.h"

namespace plimsoll::engine {

namespace {

// What decoding takes at the least (src/media/image.cpp). A large picture that finds no room beyond that is
// refused when it is decoded, by name.
constexpr std::size_t kDecodeBytes = 7 * kMiB;
// mtmd keeps a tile's pixels as bytes and as floats.
constexpr std::size_t kBytesPerPixel = 3 * (1 + sizeof(float));
// Where a file does not say how many tokens a tile becomes.
constexpr int kUnknownTileTokens = 576;
// What comes beside all that from the plan to the peak: 8 MiB of heap of llama.cpp, mtmd and libvips and 12
// MiB of code that they page in, and some to spare. Measured with SmolVLM2-500M (bench_plan).
constexpr std::size_t kLibraryHeapBytes = 24 * kMiB;
// What ggml's scheduler of the encoder asks for and never touches: room for the largest graph.
constexpr std::size_t kUntouchedBytes = 24 * kMiB;

int tile_tokens(const ModelFileSummary& file) {
  if (file.image_tile <= 0 || file.image_patch <= 0) return kUnknownTileTokens;
  const int side = file.image_tile / file.image_patch / std::max(file.image_shuffle, 1);
  return side * side;
}

// A square picture is cut into the most tiles.
PictureNeeds largest_picture(const ModelFileSummary& file, int embedding_width) {
  const int tile = std::max(file.image_tile, 1);
  const int side = std::max(1, (file.image_longest_edge + tile - 1) / tile);
  const int tiles = file.image_longest_edge > 0 ? side * side + 1 : 1;
  constexpr int kTokensAround = 4;  // where the tile stands, and line ends
  PictureNeeds needs;
  const int embedded = tiles * tile_tokens(file);
  needs.tokens = embedded + tiles * kTokensAround;
  needs.embedding_bytes =
      static_cast<std::size_t>(embedded) * static_cast<std::size_t>(embedding_width) * sizeof(float);
  const auto pixels =
      static_cast<std::size_t>(tiles) * static_cast<std::size_t>(tile) * static_cast<std::size_t>(tile);
  needs.media_bytes = std::max(kDecodeBytes, pixels * kBytesPerPixel);
  return needs;
}

Expected<TextWeightNeeds> weight_needs(const TextModel& text, WeightLayout layout) {
  return text.sketch_weights(layout).map([](const std::unique_ptr<TextWeights>& weights) {
    return TextWeightNeeds{weights->fixed_bytes(), weights->private_bytes(), weights->layer_bytes()};
  });
}

Expected<VisionNeeds> vision_needs(const std::filesystem::path& path, int embedding_width, int threads) {
  if (path.empty()) return VisionNeeds{};
  auto file = read_model_file(path);
  if (!file) return tl::unexpected(file.error());
  const std::size_t page = PageSource::page_bytes();
  const std::size_t weights = (file->tensor_bytes + page - 1) / page * page;
  auto compute = mtmd_compute_bytes(path, weights, threads);
  if (!compute) return tl::unexpected(compute.error());
  return VisionNeeds{weights, *compute, largest_picture(*file, embedding_width)};
}

// Plans ask for the same few sizes again and again.
std::function<Expected<ContextBytes>(ContextSize)> remembered_contexts(TextModel& text, int threads) {
  using Key = std::tuple<int, int, KvType>;
  return [&text, threads,
          known = std::map<Key, ContextBytes>()](ContextSize size) mutable -> Expected<ContextBytes> {
    const Key key{size.tokens, size.batch_tokens, size.kv_type};
    if (const auto found = known.find(key); found != known.end()) return found->second;
    auto bytes = TextContext::bytes_for(text, size, threads);
    if (bytes) known.emplace(key, *bytes);
    return bytes;
  };
}

}  // namespace

Expected<ModelNeeds> read_needs(TextModel& text, const std::filesystem::path& vision, int threads) {
  auto seen = vision_needs(vision, text.embedding_width(), threads);
  if (!seen) return tl::unexpected(seen.error());
  ModelNeeds needs{.context_length = text.context_length(),
                   .repacked = {},
                   .plain = {},
                   .streamed = {},
                   .vision = *seen,
                   .heap_bytes = kLibraryHeapBytes,
                   .untouched_bytes = kUntouchedBytes,
                   .context = remembered_contexts(text, threads)};
  for (const auto& [layout, target] :
       {std::pair(WeightLayout::repacked, &needs.repacked), std::pair(WeightLayout::plain, &needs.plain),
        std::pair(WeightLayout::streamed, &needs.streamed)}) {
    auto read = weight_needs(text, layout);
    if (!read) return tl::unexpected(read.error());
    *target = std::move(*read);
  }
  return needs;
}

}  // namespace plimsoll::engine
