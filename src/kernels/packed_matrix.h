// Weights in the order in which the kernels read them: panels of 64 outputs, in each panel one step after the
// other, a step being the next four bytes (4 int8 or 2 bf16 inputs) of all 64. What does not fill a panel or
// a step is zero. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace plimsoll::kernels {

inline constexpr int kPanelOutputs = 64;
inline constexpr int kStepBytes = 4;

/// Bytes of one input value, and inputs in one step.
constexpr int value_bytes(Precision precision) { return precision == Precision::int8 ? 1 : 2; }
constexpr int step_inputs(Precision precision) { return kStepBytes / value_bytes(precision); }

constexpr int steps(Precision precision, int inputs) {
  return (inputs + step_inputs(precision) - 1) / step_inputs(precision);
}
constexpr int panels(int outputs) { return (outputs + kPanelOutputs - 1) / kPanelOutputs; }

/// y = W x + bias. The parts lie one after the other in memory of packed_bytes(), 64-byte aligned.
struct PackedMatrix {
  Precision precision = Precision::bf16;
  int inputs = 0;
  int outputs = 0;
  std::byte* panels = nullptr;
  float* bias = nullptr;   // zero where there is none
  float* scale = nullptr;  // int8: what a weight's unit is worth, for each output
  float* sum = nullptr;    // int8: of an output's weights in those units

  std::size_t panel_bytes() const {
    return static_cast<std::size_t>(steps(precision, inputs)) * kPanelOutputs * kStepBytes;
  }
};

std::size_t packed_bytes(Precision precision, int inputs, int outputs);

/// Lays a matrix out over `memory`, empty.
PackedMatrix lay_out_packed(Precision precision, int inputs, int outputs, std::byte* memory);

/// Puts one output's weights in their place. Different outputs may be packed by different threads.
void pack_output(PackedMatrix& matrix, int output, const float* weights, float bias);

}  // namespace plimsoll::kernels
