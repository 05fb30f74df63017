// Weights in the kernels' order.
#include "kernels/packed_matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "kernels/bfloat16.h"
#include "kernels/kernels.h"

namespace plimsoll::kernels {
namespace {

struct alignas(64) Line {
  std::byte bytes[64];
};

// Memory that something else was in.
Line used() {
  Line line;
  std::memset(line.bytes, 0x5a, sizeof(line.bytes));
  return line;
}

struct Packed {
  std::vector<Line> memory;
  PackedMatrix matrix;

  Packed(const PanelLayout& layout, Precision precision, int inputs, int outputs)
      : memory(packed_bytes(layout, precision, inputs, outputs) / sizeof(Line) + 1, used()),
        matrix(lay_out_packed(layout, precision, inputs, outputs, memory.data()->bytes)) {
    clear_panels(matrix, 0, outputs);
  }
};

class PackedMatrixOf : public testing::TestWithParam<InstructionSet> {
 protected:
  void SetUp() override {
    kernels = kernels_of(GetParam());
    if (kernels == nullptr) {
      GTEST_SKIP() << "this processor, or this build, has no kernels for " << to_string(GetParam());
    }
  }
  const Kernels* kernels = nullptr;
};

TEST_P(PackedMatrixOf, HasTheInputsOfAnInt8StepSideBySide) {
  const int outputs = kernels->layout.outputs, each = kernels->layout.int8_inputs;
  const Packed packed(kernels->layout, Precision::int8, 6, outputs + 2);
  const std::vector<float> weights = {1, -2, 3, -4, 5, 127};
  kernels->pack_output(packed.matrix, outputs + 1, weights.data(), 0.5F);
  const auto* panel =
      reinterpret_cast<const std::int8_t*>(packed.matrix.panels) + packed.matrix.panel_bytes();
  for (int i = 0; i < packed.matrix.steps() * each; ++i) {
    const int wanted = i < 6 ? static_cast<int>(weights[static_cast<std::size_t>(i)]) : 0;
    EXPECT_EQ(panel[i / each * outputs * each + each + i % each], wanted) << i;
  }
  const auto output = static_cast<std::size_t>(outputs) + 1;
  EXPECT_FLOAT_EQ(packed.matrix.scale[output], 1);
  EXPECT_FLOAT_EQ(packed.matrix.sum[output], 130);
  EXPECT_FLOAT_EQ(packed.matrix.bias[output], 0.5F);
}

TEST_P(PackedMatrixOf, NothingButZerosIsZero) {
  const Packed packed(kernels->layout, Precision::int8, 4, 1);
  const float weights[] = {0, 0, 0, 0};
  kernels->pack_output(packed.matrix, 0, weights, 3);
  EXPECT_EQ(packed.matrix.scale[0], 0);
  EXPECT_EQ(packed.matrix.sum[0], 0);
  EXPECT_EQ(packed.matrix.bias[0], 3);
}

INSTANTIATE_TEST_SUITE_P(Each, PackedMatrixOf, testing::ValuesIn(kInstructionSets),
                         [](const auto& each) { return std::string(to_string(each.param)); });

constexpr PanelLayout kLayout{.outputs = 16, .int8_inputs = 2, .bf16_inputs = 2};

TEST(PackedMatrix, PutsTwoBf16InputsOfEachOutputSideBySide) {
  const Packed packed(kLayout, Precision::bf16, 3, 2);
  const float weights[] = {1.5F, -2, 0.25F};
  pack_bf16(packed.matrix, 1, weights);
  std::uint16_t step[2];
  std::memcpy(step, packed.matrix.panels + 4, sizeof(step));
  EXPECT_EQ(from_bfloat16(step[0]), 1.5F);
  EXPECT_EQ(from_bfloat16(step[1]), -2);
  std::memcpy(step, packed.matrix.panels + 4 + 64, sizeof(step));
  EXPECT_EQ(from_bfloat16(step[0]), 0.25F);
  EXPECT_EQ(from_bfloat16(step[1]), 0);
}

TEST(PackedMatrix, ClearsNoOtherPanels) {
  const PanelLayout layout{.outputs = 2, .int8_inputs = 4, .bf16_inputs = 2};
  const Packed packed(layout, Precision::bf16, 4, 5);  // three panels, of which the last is not full
  const PackedMatrix& matrix = packed.matrix;
  const std::size_t panel = matrix.panel_bytes();
  std::memset(matrix.panels, 1, 3 * panel);
  const auto is_all = [&](std::size_t index, int value) {
    return std::all_of(matrix.panels + index * panel, matrix.panels + (index + 1) * panel,
                       [&](std::byte each) { return each == std::byte(value); });
  };
  clear_panels(matrix, 2, 4);
  EXPECT_TRUE(is_all(0, 1));
  EXPECT_TRUE(is_all(1, 0));
  EXPECT_TRUE(is_all(2, 1));
  clear_panels(matrix, 4, 5);
  EXPECT_TRUE(is_all(2, 0));
}

TEST(PackedMatrix, TakesWholePanelsAndSteps) {
  EXPECT_EQ(packed_bytes(kLayout, Precision::int8, 3, 17), 2U * 2 * 16 * 2 + 3U * 32 * 4);
  EXPECT_EQ(packed_bytes(kLayout, Precision::bf16, 3, 16), 2U * 16 * 4 + 16U * 4);
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
