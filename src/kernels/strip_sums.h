// What a strip leaves behind.
#pragma once

#include "kernels/vectors.h"

namespace plimsoll::kernels {
namespace {

// Rows of a strip, known when it is compiled.
template <int kRows>
struct Count {
  static constexpr int kMost = kRows;
  constexpr operator int() const { return kRows; }
};

// Of each row and the panel's outputs.
template <typename Kind, int kRows>
struct Sums {
  typename Kind::Sum of[static_cast<std::size_t>(kRows)][kVectors];
};

}  // namespace
}  // namespace plimsoll::kernels
