// AMX's instructions. Tiles 0 to 3 sum up, in the order of [row tile][output tile]; 4 and 5 hold rows, 6 and
// 7 weights.
#pragma once

#include <cstddef>
#include <cstdint>

namespace plimsoll::kernels {
namespace {

constexpr int kTileRows = 16;
constexpr std::size_t kTileRowBytes = 64;

// What the processor wants to know of its tiles (ldtilecfg).
struct alignas(64) TileShapes {
  std::uint8_t palette = 0;
  std::uint8_t start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {};
  std::uint8_t rows[16] = {};
};

// Tiles of sums and of rows have `rows` rows.
constexpr TileShapes shapes_for(int rows) {
  TileShapes shapes{.palette = 1};
  for (int tile = 0; tile < 8; ++tile) {
    shapes.row_bytes[tile] = kTileRowBytes;
    shapes.rows[tile] = static_cast<std::uint8_t>(tile < 6 ? rows : kTileRows);
  }
  return shapes;
}
constexpr TileShapes kWholeTiles = shapes_for(kTileRows);

// GCC's own intrinsics do not say that they read memory.
inline void shape_tiles(const TileShapes& shapes) {
  __asm__ volatile("ldtilecfg %0" ::"m"(shapes) : "memory");
}

template <int kTile>
inline void zero_tile() {
  __asm__ volatile("tilezero %%tmm%c0" ::"i"(kTile));
}
template <int kTile>
inline void load_tile(const void* from, std::size_t stride_bytes) {
  __asm__ volatile("tileloadd (%0,%1,1), %%tmm%c2" ::"r"(from), "r"(stride_bytes), "i"(kTile) : "memory");
}
template <int kTile>
inline void store_tile(void* to, std::size_t stride_bytes) {
  __asm__ volatile("tilestored %%tmm%c2, (%0,%1,1)" ::"r"(to), "r"(stride_bytes), "i"(kTile) : "memory");
}
// sums += rows * weights: unsigned bytes times signed ones, and pairs of bfloat16.
template <int kSums, int kRows, int kWeights>
inline void add_bytes() {
  __asm__ volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kRows), "i"(kWeights));
}
template <int kSums, int kRows, int kWeights>
inline void add_bf16() {
  __asm__ volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" ::"i"(kSums), "i"(kRows), "i"(kWeights));
}

// Tiles are the thread's: ggml shapes them once for its own kernels and finds them as it left them.
class TileScope {
 public:
  TileScope() {
    __asm__ volatile("sttilecfg %0" : "=m"(before_) : : "memory");
    shape_tiles(kWholeTiles);
  }
  ~TileScope() {
    shape_tiles(before_);
  }  // no shapes at all where there were none: nothing is left to be saved
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;

 private:
  TileShapes before_;
};

}  // namespace
}  // namespace plimsoll::kernels
