#include "engine/model_needs.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/sequence_state.h"
#include "plimsoll/size.h"

namespace plimsoll::engine {

namespace {

// What comes beside all that from the plan to the peak: 8 MiB of heap of llama.cpp and libvips and 12 MiB of
// code that they page in. Measured with SmolVLM2-500M (bench_plan).
constexpr std::size_t kLibraryHeapBytes = 20 * kMiB;

Expected<TextWeightNeeds> weight_needs(const TextModel& text, WeightLayout layout) {
  return text.sketch_weights(layout).map([](const std::unique_ptr<TextWeights>& weights) {
    return TextWeightNeeds{weights->fixed_bytes(), weights->private_bytes(), weights->layer_bytes()};
  });
}

// Plans ask for the same few sizes again and again. Each takes milliseconds to draw up.
std::function<Expected<ContextBytes>(ContextSize)> remembered_contexts(TextModel& text, int threads,
                                                                       const CancelFlagPtr& cancel) {
  using Key = std::tuple<int, int, KvType, int>;
  return [&text, threads, cancel,
          known = std::map<Key, ContextBytes>()](ContextSize size) mutable -> Expected<ContextBytes> {
    const Key key{size.tokens, size.batch_tokens, size.kv_type, size.sequences};
    if (const auto found = known.find(key); found != known.end()) return found->second;
    if (cancel->cancelled()) return fail(ErrorCode::cancelled, "the load was cancelled");
    auto bytes = TextContext::bytes_for(text, size, threads);
    if (bytes) known.emplace(key, *bytes);
    return bytes;
  };
}

}  // namespace

Expected<ModelNeeds> read_needs(TextModel& text, const std::filesystem::path& vision, VisionKernels kernels,
                                int threads, const CancelFlagPtr& cancel) {
  auto seen = vision_needs(vision, kernels, text.embedding_width(), threads);
  if (!seen) return tl::unexpected(seen.error());
  ModelNeeds needs{.context_length = text.context_length(),
                   .sequences = most_sequences(text.get()),
                   .repacked = {},
                   .plain = {},
                   .streamed = {},
                   .vision = *seen,
                   .heap_bytes = kLibraryHeapBytes,
                   .context = remembered_contexts(text, threads, cancel)};
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
