// strip.h for AMX: up to two tiles of rows, by the panel's two tiles of outputs.
#pragma once

#include <type_traits>

#include "kernels/strip_sums.h"
#include "kernels/tiles.h"

namespace plimsoll::kernels {
namespace {

static_assert(kLayout.outputs == 2 * kTileRows && kLayout.whole_steps == kTileRows);

constexpr int kStripRows = 2 * kTileRows;
constexpr std::size_t kPanelStepBytes = 2 * kTileRowBytes;
constexpr std::size_t kPanelTileBytes = kTileRows * kPanelStepBytes;

using StripScope = TileScope;

// Rows of a strip that is not whole.
struct FewRows {
  static constexpr int kMost = kTileRows;
  int count;
  constexpr operator int() const { return count; }
};

template <typename Kind, int kSums, int kRows, int kWeights>
inline void add_tiles() {
  if constexpr (std::is_same_v<typename Kind::Sum, Words>) {
    add_bytes<kSums, kRows, kWeights>();
  } else {
    add_bf16<kSums, kRows, kWeights>();
  }
}

// Sums of one or two tiles of rows, left in the tiles.
template <typename Kind, bool kTwo>
inline __attribute__((always_inline)) void sum_up(const std::byte* a, std::size_t stride_bytes,
                                                  const std::byte* panel, int step_count) {
  zero_tile<0>();
  zero_tile<1>();
  if constexpr (kTwo) {
    zero_tile<2>();
    zero_tile<3>();
  }
  for (int s = 0; s < step_count; s += kTileRows, a += kTileRowBytes, panel += kPanelTileBytes) {
    load_tile<6>(panel, kPanelStepBytes);
    load_tile<4>(a, stride_bytes);
    add_tiles<Kind, 0, 4, 6>();
    load_tile<7>(panel + kTileRowBytes, kPanelStepBytes);
    add_tiles<Kind, 1, 4, 7>();
    if constexpr (kTwo) {
      load_tile<5>(a + kTileRows * stride_bytes, stride_bytes);
      add_tiles<Kind, 2, 5, 6>();
      add_tiles<Kind, 3, 5, 7>();
    }
  }
}

template <bool kTwo>
inline void store_sums(void* to, std::size_t stride_bytes) {
  auto* out = static_cast<std::byte*>(to);
  store_tile<0>(out, stride_bytes);
  store_tile<1>(out + kTileRowBytes, stride_bytes);
  if constexpr (kTwo) {
    store_tile<2>(out + kTileRows * stride_bytes, stride_bytes);
    store_tile<3>(out + kTileRows * stride_bytes + kTileRowBytes, stride_bytes);
  }
}

// Puts the sums, as they are, into rows of four bytes each.
template <typename Kind, int kRows>
inline void sums_to(const std::byte* a, std::size_t stride_bytes, const std::byte* panel, int step_count,
                    Count<kRows>, void* to, std::size_t to_stride_bytes) {
  sum_up<Kind, (kRows > kTileRows)>(a, stride_bytes, panel, step_count);
  store_sums<(kRows > kTileRows)>(to, to_stride_bytes);
}
template <typename Kind>
inline void sums_to(const std::byte* a, std::size_t stride_bytes, const std::byte* panel, int step_count,
                    FewRows rows, void* to, std::size_t to_stride_bytes) {
  shape_tiles(shapes_for(rows));
  sum_up<Kind, false>(a, stride_bytes, panel, step_count);
  store_sums<false>(to, to_stride_bytes);
  shape_tiles(kWholeTiles);
}

template <typename Kind, typename Rows>
inline Sums<Kind, Rows::kMost> strip(const std::byte* a, std::size_t stride_bytes, const std::byte* panel,
                                     int step_count, Rows rows) {
  Sums<Kind, Rows::kMost> sums;
  sums_to<Kind>(a, stride_bytes, panel, step_count, rows, &sums, kPanelStepBytes);
  return sums;
}

template <typename Kind, typename Rows>
inline void strip_to(const std::byte* a, std::size_t stride_bytes, const std::byte* panel, int step_count,
                     Rows rows, float* to, std::size_t to_stride) {
  static_assert(std::is_same_v<typename Kind::Sum, Vector>);
  sums_to<Kind>(a, stride_bytes, panel, step_count, rows, to, to_stride * sizeof(float));
}

template <typename Visit>
inline __attribute__((always_inline)) void each_strip(int rows, Visit visit) {
  int first = 0;
  for (; first + kStripRows <= rows; first += kStripRows) visit(first, Count<kStripRows>{});
  if (first + kTileRows <= rows) {
    visit(first, Count<kTileRows>{});
    first += kTileRows;
  }
  if (first < rows) visit(first, FewRows{rows - first});
}

}  // namespace
}  // namespace plimsoll::kernels
