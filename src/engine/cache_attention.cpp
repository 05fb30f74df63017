#include "engine/cache_attention.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace plimsoll::engine {

namespace {

using kernels::CachedHead;
using kernels::CachedQuery;
using kernels::Kernels;

// As ggml_flash_attn_ext() sets them.
struct Parameters {
  float scale, most_bias, softcap;
};

Parameters parameters_of(const std::int32_t* values) {
  Parameters parameters;
  std::memcpy(&parameters, values, sizeof parameters);
  return parameters;
}

bool is_half(const ggml_tensor& tensor) {
  return tensor.type == GGML_TYPE_F16 && tensor.nb[0] == sizeof(ggml_fp16_t) && tensor.ne[3] == 1;
}

// Where there is one row, threads have nothing to share but heads.
constexpr std::int64_t kLeastHeads = 4;

// Queries of one sequence, without anything that only few models want.
bool takes(const Kernels&, const ggml_tensor& node) {
  if (node.op != GGML_OP_FLASH_ATTN_EXT || node.src[4] != nullptr) return false;
  const ggml_tensor &queries = *node.src[0], &keys = *node.src[1], &values = *node.src[2];
  const ggml_tensor* mask = node.src[3];
  const Parameters parameters = parameters_of(node.op_params);
  const bool plain = parameters.most_bias == 0 && parameters.softcap == 0;
  const bool halves =
      is_half(keys) && is_half(values) && (mask == nullptr || (is_half(*mask) && mask->ne[2] == 1));
  const bool floats = queries.type == GGML_TYPE_F32 && queries.nb[0] == sizeof(float) && queries.ne[3] == 1;
  const std::int64_t width = queries.ne[0], positions = keys.ne[1];
  const bool sized = width % kernels::kCachedWidth == 0 && keys.ne[0] == width && values.ne[0] == width &&
                     positions % kernels::kCachedPositions == 0 && values.ne[1] == positions &&
                     values.ne[2] == keys.ne[2] && queries.ne[2] % keys.ne[2] == 0 &&
                     queries.ne[2] / keys.ne[2] <= kernels::kCachedQueries;
  const bool enough_to_share = queries.ne[1] > 1 || keys.ne[2] >= kLeastHeads;
  return plain && halves && floats && sized && enough_to_share;
}

std::size_t thread_bytes(const Kernels& ours, const ggml_tensor& node) {
  return ours.cached_attention_bytes(static_cast<int>(node.src[0]->ne[0]));
}

const std::byte* place_in(const ggml_tensor& tensor, std::int64_t second, std::int64_t third) {
  return static_cast<const std::byte*>(tensor.data) + static_cast<std::size_t>(second) * tensor.nb[1] +
         static_cast<std::size_t>(third) * tensor.nb[2];
}

// The threads share the heads of the cache, and the rows in pieces: all heads of queries that look at the
// same one go through it together.
void run(const Kernels& ours, ggml_tensor& out, const std::int32_t* parameters, int threads,
         std::atomic<int>& next, std::byte* memory) {
  const ggml_tensor &queries = *out.src[0], &keys = *out.src[1], &values = *out.src[2];
  const ggml_tensor* mask = out.src[3];
  const std::int64_t rows = queries.ne[1], heads = keys.ne[2], sharing = queries.ne[2] / heads;
  const std::int64_t least_pieces = (2 * threads + heads - 1) / heads;
  const std::int64_t rows_at_once =
      std::clamp<std::int64_t>(rows / least_pieces, 1, kernels::kCachedQueries / sharing);
  const std::int64_t pieces = (rows + rows_at_once - 1) / rows_at_once;
  for (std::int64_t i = next++; i < pieces * heads; i = next++) {
    const std::int64_t head = i % heads, first = i / heads * rows_at_once;
    const CachedHead cached{.width = static_cast<int>(queries.ne[0]),
                            .positions = static_cast<int>(keys.ne[1]),
                            .scale = parameters_of(parameters).scale,
                            .keys = place_in(keys, 0, head),
                            .key_bytes = keys.nb[1],
                            .values = place_in(values, 0, head),
                            .value_bytes = values.nb[1]};
    std::array<CachedQuery, kernels::kCachedQueries> asked;
    int count = 0;
    for (std::int64_t row = first; row < std::min(first + rows_at_once, rows); ++row) {
      for (std::int64_t h = head * sharing; h < (head + 1) * sharing; ++h) {
        asked[static_cast<std::size_t>(count++)] = {
            .query = reinterpret_cast<const float*>(place_in(queries, row, h)),
            .mask =
                mask == nullptr ? nullptr : reinterpret_cast<const std::uint16_t*>(place_in(*mask, row, 0)),
            .out = reinterpret_cast<float*>(const_cast<std::byte*>(place_in(out, h, row)))};
      }
    }
    ours.attend_cached(cached, asked.data(), count, memory);
  }
}

}  // namespace

const OwnKind kCacheAttention{.takes = takes, .thread_bytes = thread_bytes, .run = run};

}  // namespace plimsoll::engine
