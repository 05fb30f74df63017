#include "kernels/packed_matrix.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "kernels/bfloat16.h"
#include "kernels/pack_row.h"

namespace plimsoll::kernels {

namespace {

constexpr float kInt8Max = 127;

std::size_t column_bytes(int outputs) {
  return static_cast<std::size_t>(panels(outputs)) * kPanelOutputs * sizeof(float);
}

std::size_t all_panel_bytes(Precision precision, int inputs, int outputs) {
  return static_cast<std::size_t>(panels(outputs)) * static_cast<std::size_t>(steps(precision, inputs)) *
         kPanelOutputs * kStepBytes;
}

// Where the step's bytes of this output lie.
std::byte* step_at(const PackedMatrix& matrix, int output, int step) {
  return matrix.panels + static_cast<std::size_t>(output / kPanelOutputs) * matrix.panel_bytes() +
         (static_cast<std::size_t>(step) * kPanelOutputs + static_cast<std::size_t>(output % kPanelOutputs)) *
             kStepBytes;
}

void pack_int8(PackedMatrix& matrix, int output, const float* weights) {
  float largest = 0;
  for (int i = 0; i < matrix.inputs; ++i) largest = std::max(largest, std::abs(weights[i]));
  const float scale = largest / kInt8Max, inverse = largest > 0 ? kInt8Max / largest : 0;
  int sum = 0;
  for (int step = 0; step < steps(Precision::int8, matrix.inputs); ++step) {
    std::int8_t values[4] = {};
    for (int i = 0; i < 4 && step * 4 + i < matrix.inputs; ++i) {
      values[i] = static_cast<std::int8_t>(std::lrintf(weights[step * 4 + i] * inverse));
      sum += values[i];
    }
    std::memcpy(step_at(matrix, output, step), values, sizeof(values));
  }
  matrix.scale[output] = scale;
  matrix.sum[output] = static_cast<float>(sum);
}

void pack_bf16(PackedMatrix& matrix, int output, const float* weights) {
  for (int step = 0; step < steps(Precision::bf16, matrix.inputs); ++step) {
    std::uint16_t values[2] = {};
    for (int i = 0; i < 2 && step * 2 + i < matrix.inputs; ++i) {
      values[i] = to_bfloat16(weights[step * 2 + i]);
    }
    std::memcpy(step_at(matrix, output, step), values, sizeof(values));
  }
}

}  // namespace

std::size_t packed_bytes(Precision precision, int inputs, int outputs) {
  return all_panel_bytes(precision, inputs, outputs) +
         column_bytes(outputs) * (precision == Precision::int8 ? 3 : 1);
}

PackedMatrix lay_out_packed(Precision precision, int inputs, int outputs, std::byte* memory) {
  std::memset(memory, 0, packed_bytes(precision, inputs, outputs));
  PackedMatrix matrix{.precision = precision, .inputs = inputs, .outputs = outputs, .panels = memory};
  auto* columns = reinterpret_cast<float*>(memory + all_panel_bytes(precision, inputs, outputs));
  const std::size_t width = column_bytes(outputs) / sizeof(float);
  matrix.bias = columns;
  if (precision == Precision::int8) {
    matrix.scale = columns + width;
    matrix.sum = columns + 2 * width;
  }
  return matrix;
}

void pack_output(PackedMatrix& matrix, int output, const float* weights, float bias) {
  matrix.bias[output] = bias;
  if (matrix.precision == Precision::int8 && available()) {
    const PackedRow row = pack_row_int8_fast(weights, matrix.inputs, step_at(matrix, output, 0));
    matrix.scale[output] = row.scale;
    matrix.sum[output] = row.sum;
  } else if (matrix.precision == Precision::int8) {
    pack_int8(matrix, output, weights);
  } else {
    pack_bf16(matrix, output, weights);
  }
}

}  // namespace plimsoll::kernels
