// What tests of the fast kernels have in common: each instruction set that the machine has, noise, and how
// far a result is from the right one.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <memory>
#include <new>
#include <random>
#include <vector>

#include "kernels/kernels.h"

namespace plimsoll::kernels {

using Floats = std::vector<float>;

struct AlignedDelete {
  void operator()(std::byte* memory) const { ::operator delete[](memory, std::align_val_t(64)); }
};
using Aligned = std::unique_ptr<std::byte[], AlignedDelete>;
inline Aligned aligned_memory(std::size_t bytes) {
  return Aligned(new (std::align_val_t(64)) std::byte[bytes]);
}

inline Floats noise(std::size_t count, unsigned seed, float spread = 1, float mean = 0) {
  std::mt19937 generator(seed);
  std::normal_distribution<float> normal(mean, spread);
  Floats values(count);
  for (float& value : values) value = normal(generator);
  return values;
}

inline double relative_error(const Floats& got, const std::vector<double>& wanted) {
  double wrong = 0, size = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    wrong += (got[i] - wanted[i]) * (got[i] - wanted[i]);
    size += wanted[i] * wanted[i];
  }
  return std::sqrt(wrong / size);
}

// Those of one instruction set, where this machine has them.
class KernelsOf : public testing::Test {
 protected:
  void use(InstructionSet set) {
    kernels = kernels_of(set);
    if (kernels == nullptr)
      GTEST_SKIP() << "this processor, or this build, has no kernels for " << to_string(set);
  }
  const Kernels* kernels = nullptr;
};

class Sets : public KernelsOf, public testing::WithParamInterface<InstructionSet> {
 protected:
  void SetUp() override { use(GetParam()); }
};

}  // namespace plimsoll::kernels
