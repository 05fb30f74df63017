#include "kernels/packed_matrix.h"

#include <cstring>

#include "kernels/bfloat16.h"

namespace plimsoll::kernels {

namespace {

std::size_t column_bytes(const PanelLayout& layout, int outputs) {
  return static_cast<std::size_t>(layout.panels(outputs) * layout.outputs) * sizeof(float);
}

std::size_t all_panel_bytes(const PackedMatrix& matrix) {
  return static_cast<std::size_t>(matrix.layout.panels(matrix.outputs)) * matrix.panel_bytes();
}

std::size_t total_bytes(const PackedMatrix& matrix) {
  return all_panel_bytes(matrix) +
         column_bytes(matrix.layout, matrix.outputs) * (matrix.precision == Precision::int8 ? 3 : 1);
}

}  // namespace

std::size_t packed_bytes(const PanelLayout& layout, Precision precision, int inputs, int outputs) {
  return total_bytes({.layout = layout, .precision = precision, .inputs = inputs, .outputs = outputs});
}

PackedMatrix lay_out_packed(const PanelLayout& layout, Precision precision, int inputs, int outputs,
                            std::byte* memory) {
  PackedMatrix matrix{
      .layout = layout, .precision = precision, .inputs = inputs, .outputs = outputs, .panels = memory};
  const std::size_t panel_bytes = all_panel_bytes(matrix);
  std::memset(memory + panel_bytes, 0, total_bytes(matrix) - panel_bytes);
  auto* columns = reinterpret_cast<float*>(memory + panel_bytes);
  const std::size_t width = column_bytes(layout, outputs) / sizeof(float);
  matrix.bias = columns;
  if (precision == Precision::int8) {
    matrix.scale = columns + width;
    matrix.sum = columns + 2 * width;
  }
  return matrix;
}

void clear_panels(const PackedMatrix& matrix, int begin, int end) {
  const int first = begin / matrix.layout.outputs, last = matrix.layout.panels(end);
  const std::size_t bytes = matrix.panel_bytes();
  std::memset(matrix.panels + static_cast<std::size_t>(first) * bytes, 0,
              static_cast<std::size_t>(last - first) * bytes);
}

void pack_bf16(const PackedMatrix& matrix, int output, const float* weights) {
  const int each = matrix.layout.bf16_inputs;
  std::byte* step = matrix.first_step(output);
  for (int first = 0; first < matrix.inputs; first += each) {
    for (int i = 0; i < each && first + i < matrix.inputs; ++i) {
      const std::uint16_t value = to_bfloat16(weights[first + i]);
      std::memcpy(step + static_cast<std::size_t>(i) * sizeof(value), &value, sizeof(value));
    }
    step += static_cast<std::ptrdiff_t>(matrix.layout.outputs) * matrix.step_bytes();
  }
}

}  // namespace plimsoll::kernels
