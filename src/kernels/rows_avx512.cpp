#include "kernels/avx512.h"
#include "kernels/rows.h"

namespace plimsoll::kernels {

namespace {

constexpr std::size_t kAlignment = 64;
std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::size_t row_bytes(Precision precision, int inputs) {
  return aligned(static_cast<std::size_t>(steps(precision, inputs)) * kStepBytes);
}

// Visits `count` floats, 16 at a time, the last ones with a mask.
template <typename Visit>
inline __attribute__((always_inline)) void each_vector(int count, Visit visit) {
  int i = 0;
  for (; i + kLanes <= count; i += kLanes) visit(i, static_cast<__mmask16>(0xffff));
  if (i < count) visit(i, lanes_below(count - i, 0));
}

void quantise_row(const PreparedRows& rows, int row, const float* values, int inputs) {
  __m512 low = _mm512_setzero_ps(), high = _mm512_setzero_ps();
  each_vector(inputs, [&](int i, __mmask16 mask) {
    const __m512 x = _mm512_maskz_loadu_ps(mask, values + i);
    low = _mm512_min_ps(low, x);
    high = _mm512_max_ps(high, x);
  });
  const float least = _mm512_reduce_min_ps(low), range = _mm512_reduce_max_ps(high) - least;
  const float scale = range > 0 ? range / 255 : 1;
  const float zero = __builtin_rintf(-least / scale);
  rows.scale[row] = scale;
  rows.zero[row] = zero;
  const __m512 inverse = _mm512_set1_ps(1 / scale), offset = _mm512_set1_ps(zero);
  std::byte* out = rows.data + static_cast<std::size_t>(row) * rows.stride_bytes;
  each_vector(inputs, [&](int i, __mmask16 mask) {
    const __m512 x = _mm512_fmadd_ps(_mm512_maskz_loadu_ps(mask, values + i), inverse, offset);
    const __m512i whole = _mm512_max_epi32(_mm512_cvtps_epi32(x), _mm512_setzero_si512());
    _mm512_mask_cvtusepi32_storeu_epi8(out + i, mask, whole);
  });
}

void halve_row(const PreparedRows& rows, int row, const float* values, int inputs) {
  std::byte* out = rows.data + static_cast<std::size_t>(row) * rows.stride_bytes;
  each_vector(inputs, [&](int i, __mmask16 mask) {
    const __m256bh x = _mm512_cvtneps_pbh(_mm512_maskz_loadu_ps(mask, values + i));
    _mm256_mask_storeu_epi16(out + i * 2, mask, reinterpret_cast<__m256i>(x));
  });
}

inline __m512 gelu(__m512 x) {
  // x * sigmoid(2 u), u = sqrt(2 / pi) * (x + 0.044715 x^3); as a power of two.
  constexpr float kLinear = -2 * 0.7978845608F * 1.4426950409F;
  const __m512 square = _mm512_mul_ps(x, x);
  const __m512 inner = _mm512_fmadd_ps(square, _mm512_set1_ps(kLinear * 0.044715F), _mm512_set1_ps(kLinear));
  const __m512 one = _mm512_set1_ps(1);
  const __m512 exponent = _mm512_min_ps(_mm512_mul_ps(inner, x), _mm512_set1_ps(120));
  return _mm512_div_ps(x, _mm512_add_ps(one, exp2_of(exponent)));
}

// Sums as the numbers that they stand for, bias included.
struct Worth {
  const PackedMatrix& matrix;
  const PreparedRows& rows;

  __m512 of(Float32x16 sum, int, int column) const {
    return _mm512_add_ps(sum, _mm512_load_ps(matrix.bias + column));
  }
  __m512 of(Int32x16 sum, int row, int column) const {
    const __m512 offset = _mm512_mul_ps(_mm512_set1_ps(rows.zero[row]), _mm512_load_ps(matrix.sum + column));
    const __m512 units = _mm512_sub_ps(_mm512_cvtepi32_ps(reinterpret_cast<__m512i>(sum)), offset);
    const __m512 scale =
        _mm512_mul_ps(_mm512_set1_ps(rows.scale[row]), _mm512_load_ps(matrix.scale + column));
    return _mm512_fmadd_ps(units, scale, _mm512_load_ps(matrix.bias + column));
  }
};

template <typename Kind, typename Store>
inline __attribute__((always_inline)) void multiply_each(const PackedMatrix& matrix, const PreparedRows& rows,
                                                         int count, Store store) {
  const int step_count = steps(matrix.precision, matrix.inputs);
  const Worth worth{matrix, rows};
  for (int p = 0; p < panels(matrix.outputs); ++p) {
    const std::byte* panel = matrix.panels + static_cast<std::size_t>(p) * matrix.panel_bytes();
    each_strip(count, [&]<int kRows>(int first) {
      const auto sums = strip<Kind, kRows>(rows.data + static_cast<std::size_t>(first) * rows.stride_bytes,
                                           rows.stride_bytes, panel, step_count);
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const int column = p * kPanelOutputs + v * kLanes;
          const __mmask16 mask = lanes_below(matrix.outputs - p * kPanelOutputs, v);
          if (mask != 0) store(worth.of(sums.of[r][v], first + r, column), first + r, column, mask);
        }
      }
    });
  }
}

template <typename Store>
void multiply_with(const PackedMatrix& matrix, const PreparedRows& rows, int count, Store store) {
  if (matrix.precision == Precision::int8) {
    multiply_each<Int8>(matrix, rows, count, store);
  } else {
    multiply_each<Bf16>(matrix, rows, count, store);
  }
}

}  // namespace

std::size_t prepared_bytes(Precision precision, int inputs, int rows) {
  const auto count = static_cast<std::size_t>(rows);
  return count * row_bytes(precision, inputs) + 2 * aligned(count * sizeof(float));
}

PreparedRows lay_out_prepared(Precision precision, int inputs, int rows, std::byte* memory) {
  const auto count = static_cast<std::size_t>(rows);
  PreparedRows prepared{.precision = precision, .data = memory, .stride_bytes = row_bytes(precision, inputs)};
  std::byte* scales = memory + count * prepared.stride_bytes;
  __builtin_memset(memory, 0, count * prepared.stride_bytes);
  prepared.scale = reinterpret_cast<float*>(scales);
  prepared.zero = reinterpret_cast<float*>(scales + aligned(count * sizeof(float)));
  return prepared;
}

void prepare_row(const PreparedRows& rows, int row, const float* values, int inputs) {
  if (rows.precision == Precision::int8) {
    quantise_row(rows, row, values, inputs);
  } else {
    halve_row(rows, row, values, inputs);
  }
}

void layer_norm(const float* x, const float* weight, const float* bias, float epsilon, int count, float* y) {
  __m512 sums = _mm512_setzero_ps();
  each_vector(count,
              [&](int i, __mmask16 mask) { sums = _mm512_add_ps(sums, _mm512_maskz_loadu_ps(mask, x + i)); });
  const __m512 mean = _mm512_set1_ps(_mm512_reduce_add_ps(sums) / static_cast<float>(count));
  __m512 squares = _mm512_setzero_ps();
  each_vector(count, [&](int i, __mmask16 mask) {
    const __m512 away = _mm512_maskz_sub_ps(mask, _mm512_maskz_loadu_ps(mask, x + i), mean);
    squares = _mm512_fmadd_ps(away, away, squares);
  });
  const float variance = _mm512_reduce_add_ps(squares) / static_cast<float>(count);
  const __m512 inverse = _mm512_set1_ps(1 / __builtin_sqrtf(variance + epsilon));
  each_vector(count, [&](int i, __mmask16 mask) {
    const __m512 away = _mm512_sub_ps(_mm512_maskz_loadu_ps(mask, x + i), mean);
    const __m512 scaled =
        _mm512_mul_ps(_mm512_mul_ps(away, inverse), _mm512_maskz_loadu_ps(mask, weight + i));
    _mm512_mask_storeu_ps(y + i, mask, _mm512_add_ps(scaled, _mm512_maskz_loadu_ps(mask, bias + i)));
  });
}

void multiply(const PackedMatrix& matrix, const PreparedRows& rows, int count, const Product& out) {
  const auto at = [&out](int row, int column) {
    return out.data + static_cast<std::size_t>(row) * out.stride + column;
  };
  switch (out.after) {
    case After::nothing:
      return multiply_with(matrix, rows, count, [&](__m512 x, int row, int column, __mmask16 mask) {
        _mm512_mask_storeu_ps(at(row, column), mask, x);
      });
    case After::gelu:
      return multiply_with(matrix, rows, count, [&](__m512 x, int row, int column, __mmask16 mask) {
        _mm512_mask_storeu_ps(at(row, column), mask, gelu(x));
      });
    case After::add:
      return multiply_with(matrix, rows, count, [&](__m512 x, int row, int column, __mmask16 mask) {
        float* there = at(row, column);
        _mm512_mask_storeu_ps(there, mask, _mm512_add_ps(x, _mm512_maskz_loadu_ps(mask, there)));
      });
  }
}

void multiply(const PackedMatrix& matrix, const PreparedRows& rows, int count, const HalfProduct& out) {
  multiply_with(matrix, rows, count, [&](__m512 x, int row, int column, __mmask16 mask) {
    const __mmask16 scaled = lanes_below(out.scaled_outputs - column, 0);
    x = _mm512_mask_mul_ps(x, scaled, x, _mm512_set1_ps(out.factor));
    const __m256i half = reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(x));
    _mm256_mask_storeu_epi16(out.data + static_cast<std::size_t>(row) * out.stride + column, mask, half);
  });
}

}  // namespace plimsoll::kernels
