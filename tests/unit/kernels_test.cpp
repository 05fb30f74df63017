// The fast kernels against plain loops in double precision.
#include "kernels/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <new>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "kernels/bfloat16.h"
#include "tests/unit/kernels_fixture.h"

namespace plimsoll::kernels {
namespace {

struct Shape {
  int rows, inputs, outputs;
};

struct Variant {
  InstructionSet set;
  Precision precision;
};

class Products : public KernelsOf, public testing::WithParamInterface<Variant> {
 protected:
  void SetUp() override { use(GetParam().set); }
  Precision precision() const { return GetParam().precision; }
  // int8 has 7 to 8 bits on the weights' side, bfloat16 has 8.
  double tolerance() const { return precision() == Precision::int8 ? 0.016 : 0.004; }
};

// A matrix of weights, in order.
struct Packed {
  Aligned memory;
  PackedMatrix matrix;

  Packed(const Kernels& kernels, Precision precision, int inputs, int outputs)
      : memory(aligned_memory(packed_bytes(kernels.layout, precision, inputs, outputs))),
        matrix(lay_out_packed(kernels.layout, precision, inputs, outputs, memory.get())) {
    clear_panels(matrix, 0, outputs);
  }
};

struct Prepared {
  Aligned memory;
  PreparedRows rows;

  Prepared(const Kernels& kernels, Precision precision, int inputs, int count)
      : memory(aligned_memory(kernels.prepared_bytes(precision, inputs, count))),
        rows(kernels.lay_out_prepared(precision, inputs, count, memory.get())) {}
};

// A product, and what it should have been.
struct Multiplied {
  Floats x, weights, bias;
  std::vector<double> wanted;
  Packed packed;
  Prepared prepared;

  Multiplied(const Kernels& kernels, Precision precision, Shape shape)
      : x(noise(static_cast<std::size_t>(shape.rows * shape.inputs), 1, 1, 0.3F)),
        weights(noise(static_cast<std::size_t>(shape.outputs * shape.inputs), 2, 0.05F)),
        bias(noise(static_cast<std::size_t>(shape.outputs), 3)),
        packed(kernels, precision, shape.inputs, shape.outputs),
        prepared(kernels, precision, shape.inputs, shape.rows) {
    for (int o = 0; o < shape.outputs; ++o) {
      kernels.pack_output(packed.matrix, o, &weights[static_cast<std::size_t>(o * shape.inputs)],
                          bias[static_cast<std::size_t>(o)]);
    }
    for (int r = 0; r < shape.rows; ++r) {
      const float* row = &x[static_cast<std::size_t>(r * shape.inputs)];
      kernels.prepare_row(prepared.rows, r, row);
      for (int o = 0; o < shape.outputs; ++o) {
        double sum = bias[static_cast<std::size_t>(o)];
        for (int i = 0; i < shape.inputs; ++i) {
          sum += static_cast<double>(row[i]) * weights[static_cast<std::size_t>(o * shape.inputs + i)];
        }
        wanted.push_back(sum);
      }
    }
  }
};

// Whole panels and strips, and each way of not being whole.
constexpr Shape kShapes[] = {{12, 64, 128}, {1, 4, 1},     {7, 70, 65},    {48, 384, 200},
                             {5, 2, 64},    {6, 1152, 16}, {2, 12288, 24}, {51, 96, 40}};

TEST_P(Products, MultiplyAsPlainLoopsDo) {
  for (const Shape shape : kShapes) {
    const Multiplied m(*kernels, precision(), shape);
    Floats got(m.wanted.size());
    kernels->multiply(m.packed.matrix, m.prepared.rows, shape.rows,
                      {got.data(), static_cast<std::size_t>(shape.outputs), After::nothing});
    EXPECT_LT(relative_error(got, m.wanted), tolerance()) << shape.rows << " " << shape.inputs;
  }
}

TEST_P(Products, AddToWhatIsThere) {
  const Shape shape{8, 96, 70};
  Multiplied m(*kernels, precision(), shape);
  Floats got = noise(m.wanted.size(), 9);
  for (std::size_t i = 0; i < got.size(); ++i) m.wanted[i] += got[i];
  kernels->multiply(m.packed.matrix, m.prepared.rows, shape.rows,
                    {got.data(), static_cast<std::size_t>(shape.outputs), After::add});
  EXPECT_LT(relative_error(got, m.wanted), tolerance());
}

TEST_P(Products, ApplyGeluByItsTanhApproximation) {
  const Shape shape{8, 96, 70};
  Multiplied m(*kernels, precision(), shape);
  for (double& x : m.wanted) x = 0.5 * x * (1 + std::tanh(0.7978845608 * (x + 0.044715 * x * x * x)));
  Floats got(m.wanted.size());
  kernels->multiply(m.packed.matrix, m.prepared.rows, shape.rows,
                    {got.data(), static_cast<std::size_t>(shape.outputs), After::gelu});
  EXPECT_LT(relative_error(got, m.wanted), tolerance());
}

TEST_P(Products, GeluHoldsFarFromZero) {
  // One input of weight one, so that results are what goes in.
  const Floats x = {-1000, -30, -8, 8, 30, 1000};
  for (const float value : x) {
    const Packed packed(*kernels, precision(), 1, 1);
    const Prepared prepared(*kernels, precision(), 1, 1);
    const float one = 1;
    kernels->pack_output(packed.matrix, 0, &one, 0);
    kernels->prepare_row(prepared.rows, 0, &value);
    float got = 5;
    kernels->multiply(packed.matrix, prepared.rows, 1, {&got, 1, After::gelu});
    EXPECT_NEAR(got, std::max(value, 0.0F), std::abs(value) * 0.01F) << value;
  }
}

TEST_P(Products, HalveResultsAndScaleTheFirstOfThem) {
  const Shape shape{9, 128, 96};
  Multiplied m(*kernels, precision(), shape);
  std::vector<std::uint16_t> halves(m.wanted.size());
  kernels->multiply_halved(
      m.packed.matrix, m.prepared.rows, shape.rows,
      HalfProduct{.data = halves.data(), .stride = 96, .scaled_outputs = 40, .factor = 3});
  Floats got(halves.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    got[i] = from_bfloat16(halves[i]);
    if (i % 96 < 40) m.wanted[i] *= 3;
  }
  EXPECT_LT(relative_error(got, m.wanted), tolerance() + 0.004);
}

TEST_P(Products, RowsOfOneValueAreNoTrouble) {
  const Packed packed(*kernels, precision(), 8, 1);
  const Prepared prepared(*kernels, precision(), 8, 2);
  const Floats ones(8, 1.0F), zeros(8, 0.0F), fives(8, -5.0F);
  kernels->pack_output(packed.matrix, 0, ones.data(), 0);
  kernels->prepare_row(prepared.rows, 0, zeros.data());
  kernels->prepare_row(prepared.rows, 1, fives.data());
  float got[2] = {7, 7};
  kernels->multiply(packed.matrix, prepared.rows, 2, {got, 1, After::nothing});
  EXPECT_EQ(got[0], 0);
  EXPECT_NEAR(got[1], -40, 0.5);
}

TEST_P(Sets, NormaliseARow) {
  for (const int count : {16, 72, 100, 768}) {
    const Floats x = noise(static_cast<std::size_t>(count), 4, 3, 10);
    const Floats weight = noise(x.size(), 5), bias = noise(x.size(), 6);
    double mean = 0, variance = 0;
    for (const double value : x) mean += value / count;
    for (const double value : x) variance += (value - mean) * (value - mean) / count;
    std::vector<double> wanted;
    for (std::size_t i = 0; i < x.size(); ++i) {
      wanted.push_back((x[i] - mean) / std::sqrt(variance + 1e-6) * weight[i] + bias[i]);
    }
    Floats got(x.size());
    kernels->layer_norm(x.data(), weight.data(), bias.data(), 1e-6F, count, got.data());
    EXPECT_LT(relative_error(got, wanted), 1e-5) << count;
  }
}

std::vector<double> plain_attention(const AttentionShape& shape, const Floats& qkv) {
  const int width = shape.heads * shape.head_width;
  const auto at = [&](int row, int part, int head, int i) -> double {
    return qkv[static_cast<std::size_t>(row * 3 * width + part * width + head * shape.head_width + i)];
  };
  std::vector<double> out;
  for (int row = 0; row < shape.rows; ++row) {
    for (int head = 0; head < shape.heads; ++head) {
      std::vector<double> shares;
      double total = 0;
      for (int key = 0; key < shape.rows; ++key) {
        double score = 0;
        for (int i = 0; i < shape.head_width; ++i) score += at(row, 0, head, i) * at(key, 1, head, i);
        shares.push_back(std::exp(score / std::sqrt(static_cast<double>(shape.head_width))));
        total += shares.back();
      }
      for (int i = 0; i < shape.head_width; ++i) {
        double sum = 0;
        for (int key = 0; key < shape.rows; ++key) {
          sum += shares[static_cast<std::size_t>(key)] / total * at(key, 2, head, i);
        }
        out.push_back(sum);
      }
    }
  }
  return out;
}

TEST_P(Sets, AttendAsPlainLoopsDo) {
  for (const AttentionShape shape : {AttentionShape{64, 2, 64}, AttentionShape{100, 3, 64},
                                     AttentionShape{9, 1, 72}, AttentionShape{144, 2, 16}}) {
    const int width = shape.heads * shape.head_width;
    Floats qkv = noise(static_cast<std::size_t>(shape.rows * 3 * width), 7);
    std::vector<std::uint16_t> halves(qkv.size());
    const float factor = query_factor(shape.head_width);
    for (std::size_t i = 0; i < qkv.size(); ++i) {
      const bool query = static_cast<int>(i) % (3 * width) < width;
      halves[i] = to_bfloat16(query ? qkv[i] * factor : qkv[i]);
      qkv[i] = query ? from_bfloat16(halves[i]) / factor : from_bfloat16(halves[i]);
    }
    Floats got(static_cast<std::size_t>(shape.rows * width));
    const Aligned memory = aligned_memory(kernels->attention_bytes(shape));
    for (int head = 0; head < shape.heads; ++head) {
      kernels->attend(shape, head, halves.data(), got.data(), memory.get());
    }
    EXPECT_LT(relative_error(got, plain_attention(shape, qkv)), 0.004) << shape.rows;
  }
}

// Each sum is then as large as it can be.
TEST_P(Sets, AttendToRowsThatAreAllAlike) {
  const AttentionShape shape{200, 1, 96};
  const std::vector<std::uint16_t> halves(static_cast<std::size_t>(shape.rows * 3 * shape.head_width),
                                          to_bfloat16(2.5F));
  Floats got(static_cast<std::size_t>(shape.rows * shape.head_width));
  const Aligned memory = aligned_memory(kernels->attention_bytes(shape));
  kernels->attend(shape, 0, halves.data(), got.data(), memory.get());
  for (const float value : got) ASSERT_NEAR(value, 2.5F, 0.005F);
}

// Blocks of 32 bytes below a half-precision scale, as they lie in a file, and what they stand for.
struct Q8Matrix {
  std::vector<std::byte> data;
  Floats values;

  Q8Matrix(int inputs, int outputs) {
    std::mt19937 random(11);
    for (int block = 0; block < inputs / kQ8BlockInputs * outputs; ++block) {
      // Half precision: exponent 5 or 6 of 31, no fraction: 2^-10 or 2^-9.
      const unsigned exponent = 5 + random() % 2;
      const auto half = static_cast<std::uint16_t>(exponent << 10);
      data.push_back(static_cast<std::byte>(half & 0xff));
      data.push_back(static_cast<std::byte>(half >> 8));
      for (int i = 0; i < kQ8BlockInputs; ++i) {
        const auto weight = static_cast<std::int8_t>(static_cast<int>(random() % 255) - 127);
        data.push_back(static_cast<std::byte>(weight));
        values.push_back(std::ldexp(static_cast<float>(weight), static_cast<int>(exponent) - 15));
      }
    }
  }
};

TEST_P(Sets, MultiplyQ8WeightsAsPlainLoopsDo) {
  for (const Shape shape : {Shape{12, 32, 64}, Shape{13, 320, 100}, Shape{128, 960, 320}, Shape{1, 64, 1}}) {
    const Q8Matrix weights(shape.inputs, shape.outputs);
    const Floats x = noise(static_cast<std::size_t>(shape.rows * shape.inputs), 5);
    std::vector<double> wanted;
    for (int r = 0; r < shape.rows; ++r) {
      for (int o = 0; o < shape.outputs; ++o) {
        double sum = 0;
        for (int i = 0; i < shape.inputs; ++i) {
          sum += static_cast<double>(x[static_cast<std::size_t>(r * shape.inputs + i)]) *
                 weights.values[static_cast<std::size_t>(o * shape.inputs + i)];
        }
        wanted.push_back(sum);
      }
    }
    Floats got(wanted.size(), 7);
    const Aligned memory = aligned_memory(kernels->q8_product_bytes(shape.inputs, shape.rows));
    const Q8Weights q8{weights.data.data(), static_cast<std::size_t>(shape.inputs / 32 * 34), shape.inputs,
                       shape.outputs};
    const int all = kernels->layout.panels(shape.outputs);
    kernels->q8_round(shape.inputs, {x.data(), static_cast<std::size_t>(shape.inputs), shape.rows},
                      memory.get());
    // As two threads would share it.
    for (const int part : {0, 1}) {
      kernels->q8_product(q8, all * part / 2, all * (part + 1) / 2, shape.rows, got.data(),
                          static_cast<std::size_t>(shape.outputs), memory.get());
    }
    EXPECT_LT(relative_error(got, wanted), 0.02) << shape.rows << " " << shape.inputs;
  }
}

TEST_P(Sets, MultiplyOneRowByQ8WeightsAsPlainLoopsDo) {
  if (!kernels->row_product) GTEST_SKIP() << "ggml's own kernel does it";
  const RowProduct& product = *kernels->row_product;
  for (const Shape shape : {Shape{1, 32, 3}, Shape{1, 960, 100}, Shape{1, 2528, 7}}) {
    const Q8Matrix weights(shape.inputs, shape.outputs);
    Floats x = noise(static_cast<std::size_t>(shape.inputs), 6);
    std::fill_n(x.begin(), kQ8BlockInputs, 0.0F);  // a block without a scale
    std::vector<double> wanted;
    for (int o = 0; o < shape.outputs; ++o) {
      const auto first = weights.values.begin() + static_cast<std::ptrdiff_t>(o) * shape.inputs;
      wanted.push_back(std::inner_product(x.begin(), x.end(), first, 0.0));
    }
    const Aligned rounded = aligned_memory(product.bytes(shape.inputs));
    product.round(shape.inputs, x.data(), rounded.get());
    const Q8Weights q8{weights.data.data(), static_cast<std::size_t>(shape.inputs / 32 * 34), shape.inputs,
                       shape.outputs};
    Floats got(wanted.size(), 7);
    product.multiply(q8, 0, shape.outputs / 2, rounded.get(), got.data());
    product.multiply(q8, shape.outputs / 2, shape.outputs, rounded.get(), got.data());
    if (shape.inputs == kQ8BlockInputs) {
      EXPECT_EQ(got, Floats(wanted.size(), 0.0F));
    } else {
      EXPECT_LT(relative_error(got, wanted), 0.02) << shape.inputs;
    }
  }
}

constexpr Variant kVariants[] = {
    {InstructionSet::avx2, Precision::int8},   {InstructionSet::avx2, Precision::bf16},
    {InstructionSet::avx512, Precision::int8}, {InstructionSet::avx512, Precision::bf16},
    {InstructionSet::amx, Precision::int8},    {InstructionSet::amx, Precision::bf16}};

INSTANTIATE_TEST_SUITE_P(Each, Products, testing::ValuesIn(kVariants), [](const auto& each) {
  return std::string(to_string(each.param.set)) +
         (each.param.precision == Precision::int8 ? "_int8" : "_bf16");
});
INSTANTIATE_TEST_SUITE_P(Each, Sets, testing::ValuesIn(kInstructionSets),
                         [](const auto& each) { return std::string(to_string(each.param)); });

}  // namespace
}  // namespace plimsoll::kernels
