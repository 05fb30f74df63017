// Weights in the kernels' order.
#include "kernels/packed_matrix.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "kernels/bfloat16.h"

namespace plimsoll::kernels {
namespace {

struct alignas(64) Line {
  std::byte bytes[64];
};

struct Packed {
  std::vector<Line> memory;
  PackedMatrix matrix;

  Packed(Precision precision, int inputs, int outputs)
      : memory(packed_bytes(precision, inputs, outputs) / sizeof(Line) + 1),
        matrix(lay_out_packed(precision, inputs, outputs, memory.data()->bytes)) {}
};

TEST(PackedMatrix, PutsFourInt8InputsOfEachOutputSideBySide) {
  Packed packed(Precision::int8, 6, 66);
  const float weights[] = {1, -2, 3, -4, 5, 127};
  pack_output(packed.matrix, 65, weights, 0.5F);
  const auto* step = reinterpret_cast<const std::int8_t*>(packed.matrix.panels) +
                     static_cast<std::ptrdiff_t>(packed.matrix.panel_bytes()) + 4;
  EXPECT_EQ(std::vector<int>(step, step + 4), (std::vector<int>{1, -2, 3, -4}));
  EXPECT_EQ(std::vector<int>(step + 256, step + 260), (std::vector<int>{5, 127, 0, 0}));
  EXPECT_FLOAT_EQ(packed.matrix.scale[65], 1);
  EXPECT_FLOAT_EQ(packed.matrix.sum[65], 130);
  EXPECT_FLOAT_EQ(packed.matrix.bias[65], 0.5F);
}

TEST(PackedMatrix, PutsTwoBf16InputsOfEachOutputSideBySide) {
  Packed packed(Precision::bf16, 3, 2);
  const float weights[] = {1.5F, -2, 0.25F};
  pack_output(packed.matrix, 1, weights, 0);
  std::uint16_t step[2];
  std::memcpy(step, packed.matrix.panels + 4, sizeof(step));
  EXPECT_EQ(from_bfloat16(step[0]), 1.5F);
  EXPECT_EQ(from_bfloat16(step[1]), -2);
  std::memcpy(step, packed.matrix.panels + 4 + 256, sizeof(step));
  EXPECT_EQ(from_bfloat16(step[0]), 0.25F);
  EXPECT_EQ(from_bfloat16(step[1]), 0);
}

TEST(PackedMatrix, OfNothingButZerosIsZero) {
  Packed packed(Precision::int8, 4, 1);
  const float weights[] = {0, 0, 0, 0};
  pack_output(packed.matrix, 0, weights, 3);
  EXPECT_EQ(packed.matrix.scale[0], 0);
  EXPECT_EQ(packed.matrix.sum[0], 0);
  EXPECT_EQ(packed.matrix.bias[0], 3);
}

TEST(BFloat16, RoundsToTheNearestAndToEvenBetweenTwo) {
  EXPECT_EQ(from_bfloat16(to_bfloat16(1.0F)), 1.0F);
  EXPECT_EQ(to_bfloat16(1 + 1.0F / 256), to_bfloat16(1.0F));              // half a unit up: to even
  EXPECT_EQ(from_bfloat16(to_bfloat16(1 + 3.0F / 256)), 1 + 2.0F / 128);  // likewise
  EXPECT_EQ(from_bfloat16(to_bfloat16(1 + 1.1F / 256)), 1 + 1.0F / 128);
  EXPECT_TRUE(std::isnan(from_bfloat16(to_bfloat16(std::numeric_limits<float>::quiet_NaN()))));
  EXPECT_TRUE(std::isinf(from_bfloat16(to_bfloat16(std::numeric_limits<float>::infinity()))));
}

}  // namespace
}  // namespace plimsoll::kernels
