// Rows of activations and their products, for one instruction set.
#pragma once

#include "kernels/rows.h"
#include "kernels/strip.h"

namespace plimsoll::kernels {
namespace {

std::size_t value_bytes_of_row(Precision precision) {
  return precision == Precision::int8 ? Int8::kValueBytes : Bf16::kValueBytes;
}

// The last step of a row is whole.
std::size_t row_bytes(Precision precision, int inputs) {
  const int values = kLayout.steps(precision, inputs) * kLayout.step_inputs(precision);
  return apart(static_cast<std::size_t>(values) * value_bytes_of_row(precision));
}

std::size_t prepared_bytes(Precision precision, int inputs, int rows) {
  const auto count = static_cast<std::size_t>(rows);
  return count * row_bytes(precision, inputs) + 2 * aligned(count * sizeof(float));
}

PreparedRows lay_out_prepared(Precision precision, int inputs, int rows, std::byte* memory) {
  const auto count = static_cast<std::size_t>(rows);
  PreparedRows prepared{
      .precision = precision, .inputs = inputs, .data = memory, .stride_bytes = row_bytes(precision, inputs)};
  std::byte* scales = memory + count * prepared.stride_bytes;
  __builtin_memset(memory, 0, count * prepared.stride_bytes);
  prepared.scale = reinterpret_cast<float*>(scales);
  prepared.zero = reinterpret_cast<float*>(scales + aligned(count * sizeof(float)));
  return prepared;
}

void quantise_row(const PreparedRows& rows, int row, const float* values) {
  Vector low{}, high{};
  each_vector(rows.inputs, [&](int i, auto lanes) {
    const Vector x = load(lanes, values + i);
    low = min(low, x);
    high = max(high, x);
  });
  float scale, zero;
  Int8::choose(least(low), most(high), rows.inputs, scale, zero);
  rows.scale[row] = scale;
  rows.zero[row] = zero;
  const Vector inverse = all(1 / scale), offset = all(zero);
  std::byte* out = rows.data + static_cast<std::size_t>(row) * rows.stride_bytes;
  each_vector(rows.inputs, [&](int i, auto lanes) {
    Int8::store(lanes, out + static_cast<std::size_t>(i) * Int8::kValueBytes,
                fma(load(lanes, values + i), inverse, offset));
  });
}

void prepare_row(const PreparedRows& rows, int row, const float* values) {
  if (rows.precision == Precision::int8) return quantise_row(rows, row, values);
  std::byte* out = rows.data + static_cast<std::size_t>(row) * rows.stride_bytes;
  each_vector(rows.inputs, [&](int i, auto lanes) {
    Bf16::store(lanes, out + static_cast<std::size_t>(i) * Bf16::kValueBytes, load(lanes, values + i));
  });
}

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int count, float* y) {
  Vector sums{}, squares{};
  each_vector(count, [&](int i, auto lanes) { sums += load(lanes, x + i); });
  const Vector mean = all(total(sums) / static_cast<float>(count));
  each_vector(count, [&](int i, auto lanes) {
    const Vector away = select(lanes, load(lanes, x + i) - mean, Vector{});
    squares = fma(away, away, squares);
  });
  const float variance = total(squares) / static_cast<float>(count);
  const Vector inverse = all(1 / __builtin_sqrtf(variance + epsilon));
  each_vector(count, [&](int i, auto lanes) {
    const Vector scale = inverse * load(lanes, weight + i);
    store(lanes, y + i, fma(load(lanes, x + i) - mean, scale, load(lanes, bias + i)));
  });
}

inline Vector gelu(Vector x) {
  // x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3); as a power of two.
  constexpr float kLinear = -2 * 0.7978845608F * 1.4426950409F;
  const Vector inner = fma(x * x, all(kLinear * 0.044715F), all(kLinear));
  return x / (all(1) + exp2_of(min(inner * x, all(120))));
}

// Sums as the numbers that they stand for, bias included.
struct Worth {
  const PackedMatrix& matrix;
  const PreparedRows& rows;

  Vector of(Vector sum, int, int column) const { return sum + load(All{}, matrix.bias + column); }
  Vector of(Words sum, int row, int column) const {
    const Vector units = fma(all(-rows.zero[row]), load(All{}, matrix.sum + column), floats(sum));
    const Vector scale = all(rows.scale[row]) * load(All{}, matrix.scale + column);
    return fma(units, scale, load(All{}, matrix.bias + column));
  }
};

// Calls store(x, row, column, lanes) for every vector of the result.
template <typename Kind, typename Store>
inline __attribute__((always_inline)) void multiply_each(const PackedMatrix& matrix, const PreparedRows& rows,
                                                         int count, Store store_at) {
  const int step_count = matrix.steps();
  const Worth worth{matrix, rows};
  for (int p = 0; p < kLayout.panels(matrix.outputs); ++p) {
    const std::byte* panel = matrix.panels + static_cast<std::size_t>(p) * matrix.panel_bytes();
    each_strip(count, [&](int first, auto strip_rows) {
      const auto sums = strip<Kind>(rows.data + static_cast<std::size_t>(first) * rows.stride_bytes,
                                    rows.stride_bytes, panel, step_count, strip_rows);
      const int strip_count = strip_rows;
#pragma GCC unroll 6
      for (int r = 0; r < strip_count; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const int column = p * kLayout.outputs + v * kLanes, left = matrix.outputs - column;
          const Vector x = worth.of(sums.of[r][v], first + r, column);
          if (left >= kLanes) {
            store_at(x, first + r, column, All{});
          } else if (left > 0) {
            store_at(x, first + r, column, lanes_below(left));
          }
        }
      }
    });
  }
}

template <typename Store>
inline void multiply_with(const PackedMatrix& matrix, const PreparedRows& rows, int count, Store store_at) {
  const StripScope scope;
  if (matrix.precision == Precision::int8) {
    multiply_each<Int8>(matrix, rows, count, store_at);
  } else {
    multiply_each<Bf16>(matrix, rows, count, store_at);
  }
}

void multiply(const PackedMatrix& matrix, const PreparedRows& rows, int count, const Product& out) {
  const auto at = [&out](int row, int column) {
    return out.data + static_cast<std::size_t>(row) * out.stride + column;
  };
  switch (out.after) {
    case After::nothing:
      return multiply_with(matrix, rows, count, [&](Vector x, int row, int column, auto lanes) {
        store(lanes, at(row, column), x);
      });
    case After::gelu:
      return multiply_with(matrix, rows, count, [&](Vector x, int row, int column, auto lanes) {
        store(lanes, at(row, column), gelu(x));
      });
    case After::add:
      return multiply_with(matrix, rows, count, [&](Vector x, int row, int column, auto lanes) {
        store(lanes, at(row, column), x + load(lanes, at(row, column)));
      });
  }
}

void multiply_halved(const PackedMatrix& matrix, const PreparedRows& rows, int count,
                     const HalfProduct& out) {
  multiply_with(matrix, rows, count, [&](Vector x, int row, int column, auto lanes) {
    if (column < out.scaled_outputs) {
      x = select(lanes_below(out.scaled_outputs - column), x * all(out.factor), x);
    }
    store_halves(lanes, out.data + static_cast<std::size_t>(row) * out.stride + column, x);
  });
}

}  // namespace
}  // namespace plimsoll::kernels
