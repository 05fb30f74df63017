// Matrix products and attention by the processor's vector instructions, one set of functions for each
// instruction set. What one set has put in order only the same set can read. Thread-safe as far as the memory
// that is handed over is not shared.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "kernels/attention.h"
#include "kernels/cached_attention.h"
#include "kernels/cpu.h"
#include "kernels/packed_matrix.h"
#include "kernels/q8_product.h"
#include "kernels/rows.h"

namespace plimsoll::kernels {

/// One row times Q8_0 weights where they lie. Activations are rounded to 8 bits block by block, as ggml's own
/// kernels do.
struct RowProduct {
  /// Of a rounded row.
  std::size_t (*bytes)(int inputs);
  void (*round)(int inputs, const float* x, std::byte* rounded);
  /// Outputs `begin` to `end`.
  void (*multiply)(const Q8Weights& weights, int begin, int end, const std::byte* rounded, float* y);
};

/// All memory is 64-byte aligned.
struct Kernels {
  InstructionSet set;
  /// How packed matrices and the panels of q8_product are laid out.
  PanelLayout layout;
  /// Rows at which products are at their best: as many as the processor's second cache holds with their
  /// results (measured); and where rows are so long that it holds fewer.
  int row_block;
  int long_row_block;
  /// From so many rows on q8_product is faster than a product that takes weights row by row (measured).
  int q8_least_rows;

  /// Puts one output's weights in their place. Different outputs may be packed by different threads.
  void (*pack_output)(const PackedMatrix& matrix, int output, const float* weights, float bias);

  std::size_t (*prepared_bytes)(Precision precision, int inputs, int rows);
  PreparedRows (*lay_out_prepared)(Precision precision, int inputs, int rows, std::byte* memory);
  /// Puts `values` into row `row`.
  void (*prepare_row)(const PreparedRows& rows, int row, const float* values);

  /// y = (x - mean) / sqrt(variance + epsilon) * weight + bias. `y` may be `x`.
  void (*layer_norm)(const float* x, const float* weight, const float* bias, float epsilon, int count,
                     float* y);

  void (*multiply)(const PackedMatrix& matrix, const PreparedRows& rows, int count, const Product& out);
  void (*multiply_halved)(const PackedMatrix& matrix, const PreparedRows& rows, int count,
                          const HalfProduct& out);

  /// Working memory of one call of attend(), bytes.
  std::size_t (*attention_bytes)(const AttentionShape& shape);
  /// One head. `qkv`: rows of 3 * heads * head_width values in bfloat16, queries first (times query_factor),
  /// then keys, then values. `out`: rows of heads * head_width floats.
  void (*attend)(const AttentionShape& shape, int head, const std::uint16_t* qkv, float* out,
                 std::byte* memory);

  /// Working memory of one call of attend_cached(), bytes.
  std::size_t (*cached_attention_bytes)(int width);
  /// `count` is at most kCachedQueries.
  void (*attend_cached)(const CachedHead& head, const CachedQuery* queries, int count, std::byte* memory);

  /// Memory of one product with Q8_0 weights, bytes: the rounded rows, and room to work in.
  std::size_t (*q8_product_bytes)(int inputs, int rows);
  /// Rounds the rows into that memory: to 8 bits block by block, as ggml's own kernels do, or finer.
  void (*q8_round)(int inputs, const Rows& x, std::byte* memory);
  /// The outputs of panels `begin` to `end` (of layout.panels(outputs)) for all rows, of which there are
  /// `rows`, rounded into `memory`.
  void (*q8_product)(const Q8Weights& weights, int begin, int end, int rows, float* y, std::size_t y_stride,
                     std::byte* memory);

  /// Empty where ggml's own kernel does it.
  std::optional<RowProduct> row_product;
};

/// Null where the processor, or the build, lacks them.
const Kernels* kernels_of(InstructionSet set);

/// The fastest that there are; null: none.
const Kernels* best_kernels();

}  // namespace plimsoll::kernels
