// The words that all kernels are written in, for the instruction set that this file is compiled for.
// Everything below is in unnamed namespaces, so that none of it serves code that must run elsewhere.
#pragma once

#if defined(__AMX_TILE__)
#include "kernels/amx.h"
#elif defined(__AVX512F__)
#include "kernels/avx512.h"
#else
#include "kernels/avx2.h"
#endif

namespace plimsoll::kernels {
namespace {

constexpr int kVectors = kLayout.outputs / kLanes;  // of a panel's step

constexpr std::size_t kAlignment = 64;
constexpr std::size_t aligned(std::size_t bytes) {
  return (bytes + kAlignment - 1) / kAlignment * kAlignment;
}

// Whole lines, and an odd number of them: rows that are read at once shall not meet in one set of the first
// cache.
constexpr std::size_t apart(std::size_t bytes) { return aligned(bytes) | kAlignment; }

// Visits `count` floats, a vector at a time, the last ones with a mask.
template <typename Visit>
inline __attribute__((always_inline)) void each_vector(int count, Visit visit) {
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) visit(i, All{});
  if (i < count) visit(i, lanes_below(count - i));
}

// 2^x, relative error below 3e-7, for x up to 126; next to nothing far below zero.
inline Vector exp2_of(Vector x) {
  x = max(x, all(-100));
  const Vector whole = round(x);
  const Vector rest = x - whole;
  // Taylor's series of 2^x around 0, to the 6th power: |x| <= 1/2.
  Vector power = all(1.540353039e-4F);
  power = fma(power, rest, all(1.333355815e-3F));
  power = fma(power, rest, all(9.618129108e-3F));
  power = fma(power, rest, all(5.550410866e-2F));
  power = fma(power, rest, all(2.402265070e-1F));
  power = fma(power, rest, all(6.931471806e-1F));
  power = fma(power, rest, all(1));
  return scaled(power, whole);
}

}  // namespace
}  // namespace plimsoll::kernels
