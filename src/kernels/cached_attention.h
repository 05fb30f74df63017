// Attention of some queries to the keys and values of a cache in half precision, as in a language model that
// reads a prompt. All sums are floats.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::kernels {

/// Queries of one call, at most. Each position is converted once for all of them.
inline constexpr int kCachedQueries = 48;
/// The cache's positions come in multiples of this, a head's width in multiples of the other.
inline constexpr int kCachedPositions = 32;
inline constexpr int kCachedWidth = 64;

/// One head of the cache. Keys and values are float16, a position's side by side.
struct CachedHead {
  int width = 0;
  int positions = 0;
  float scale = 1;  // of scores
  const std::byte* keys = nullptr;
  std::size_t key_bytes = 0;  // from position to position
  const std::byte* values = nullptr;
  std::size_t value_bytes = 0;
};

struct CachedQuery {
  const float* query = nullptr;
  /// Added to the scores, float16: minus infinity where this one must not look. Null: it looks everywhere.
  const std::uint16_t* mask = nullptr;
  float* out = nullptr;
};

}  // namespace plimsoll::kernels
