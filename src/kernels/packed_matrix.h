// Weights in the order in which the kernels read them: panels of some outputs, in each panel one step after
// the other, a step being the next few inputs of all its outputs. What does not fill a panel or a step is
// zero. Pure functions, thread-safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/cpu.h"

namespace plimsoll::kernels {

/// What a set of kernels wants in a panel.
struct PanelLayout {
  int outputs = 0;
  int int8_inputs = 0;  // in one step
  int bf16_inputs = 0;
  int whole_steps = 1;  // a panel has a multiple of so many

  int step_inputs(Precision precision) const {
    return precision == Precision::int8 ? int8_inputs : bf16_inputs;
  }
  int steps(Precision precision, int inputs) const {
    const int whole = step_inputs(precision) * whole_steps;
    return (inputs + whole - 1) / whole * whole_steps;
  }
  int panels(int all_outputs) const { return (all_outputs + outputs - 1) / outputs; }
};

/// Bytes of one weight.
constexpr int value_bytes(Precision precision) { return precision == Precision::int8 ? 1 : 2; }

/// y = W x + bias. The parts lie one after the other in memory of packed_bytes(), 64-byte aligned.
struct PackedMatrix {
  PanelLayout layout;
  Precision precision = Precision::bf16;
  int inputs = 0;
  int outputs = 0;
  std::byte* panels = nullptr;
  float* bias = nullptr;   // zero where there is none
  float* scale = nullptr;  // int8: what a weight's unit is worth, for each output
  float* sum = nullptr;    // int8: of an output's weights in those units

  int steps() const { return layout.steps(precision, inputs); }
  /// Of one output.
  int step_bytes() const { return layout.step_inputs(precision) * value_bytes(precision); }
  std::size_t panel_bytes() const {
    return static_cast<std::size_t>(steps()) * static_cast<std::size_t>(layout.outputs * step_bytes());
  }
  /// Where this output's first step lies; the next one is layout.outputs * step_bytes() further on.
  std::byte* first_step(int output) const {
    return panels + static_cast<std::size_t>(output / layout.outputs) * panel_bytes() +
           static_cast<std::size_t>(output % layout.outputs * step_bytes());
  }
};

std::size_t packed_bytes(const PanelLayout& layout, Precision precision, int inputs, int outputs);

/// Lays a matrix out over `memory`. Its panels are to be cleared before anything is put into them.
PackedMatrix lay_out_packed(const PanelLayout& layout, Precision precision, int inputs, int outputs,
                            std::byte* memory);

/// Makes the panels of the outputs from `begin` up to `end` zero.
/// REQUIRES: `begin` is the first output of a panel, and `end` of another or behind the last.
void clear_panels(const PackedMatrix& matrix, int begin, int end);

/// Puts one output's weights into a bf16 matrix.
void pack_bf16(const PackedMatrix& matrix, int output, const float* weights);

}  // namespace plimsoll::kernels
