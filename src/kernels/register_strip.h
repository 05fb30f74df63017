// strip.h for vector registers: one for each row and vector of outputs sums up.
#pragma once

#include "kernels/strip_sums.h"

namespace plimsoll::kernels {
namespace {

constexpr int kStripRows = 6;
constexpr std::size_t kRowStepBytes = 4;

template <typename Kind>
inline auto next_step(const std::byte* row) {
  int bytes;
  __builtin_memcpy(&bytes, row, sizeof(bytes));
  return Kind::broadcast(bytes);
}

// Rows of a times one panel. The sums are its own until it returns them: what others can see would be written
// to memory at each step.
template <typename Kind, int kRows>
inline __attribute__((always_inline)) Sums<Kind, kRows> strip(const std::byte* a, std::size_t stride_bytes,
                                                              const std::byte* panel, int step_count,
                                                              Count<kRows>) {
  Sums<Kind, kRows> sums;
#pragma GCC unroll 6
  for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) sums.of[r][v] = typename Kind::Sum{};
  }
  const auto count = static_cast<std::size_t>(step_count);
  for (std::size_t s = 0; s < count; ++s) {
#pragma GCC unroll 2
    for (std::size_t part = 0; part < Kind::kParts; ++part) {
      decltype(Kind::weights(panel, 0)) b[kVectors];
#pragma GCC unroll 4
      for (std::size_t v = 0; v < kVectors; ++v) {
        b[v] = Kind::weights(panel + (s * kVectors + v) * Kind::kVectorBytes, part);
      }
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
        const auto step = next_step<Kind>(a + static_cast<std::size_t>(r) * stride_bytes +
                                          (s * Kind::kParts + part) * kRowStepBytes);
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) sums.of[r][v] = Kind::add(sums.of[r][v], step, b[v]);
      }
    }
  }
  return sums;
}

// Puts the sums into rows of floats.
template <typename Kind, int kRows>
inline __attribute__((always_inline)) void strip_to(const std::byte* a, std::size_t stride_bytes,
                                                    const std::byte* panel, int step_count, Count<kRows> rows,
                                                    float* to, std::size_t to_stride) {
  const auto sums = strip<Kind>(a, stride_bytes, panel, step_count, rows);
#pragma GCC unroll 6
  for (std::size_t r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
    for (int v = 0; v < kVectors; ++v) store(All{}, to + r * to_stride + v * kLanes, numbers(sums.of[r][v]));
  }
}

// Calls visit(first row, how many) for strips of rows.
template <typename Visit>
inline __attribute__((always_inline)) void each_strip(int rows, Visit visit) {
  int first = 0;
  for (; first + kStripRows <= rows; first += kStripRows) visit(first, Count<kStripRows>{});
  switch (rows - first) {
    case 5:
      return visit(first, Count<5>{});
    case 4:
      return visit(first, Count<4>{});
    case 3:
      return visit(first, Count<3>{});
    case 2:
      return visit(first, Count<2>{});
    case 1:
      return visit(first, Count<1>{});
    default:
      return;
  }
}

// What must be there around strips: nothing.
struct StripScope {
  StripScope() {}
};

}  // namespace
}  // namespace plimsoll::kernels
