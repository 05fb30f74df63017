#include "engine/q8_products.h"

#include <algorithm>

namespace plimsoll::engine {

namespace {

using kernels::Kernels;
using kernels::Q8Weights;

bool is_matrix(const ggml_tensor& tensor) { return tensor.ne[2] == 1 && tensor.ne[3] == 1; }

// So few rows that they are multiplied one by one, while the weights of a piece are in cache.
bool is_few(const Kernels& ours, std::int64_t rows) { return rows < ours.q8_least_rows; }

bool takes_rows(const Kernels& ours, std::int64_t rows) {
  return !is_few(ours, rows) || ours.row_product.has_value();
}

bool takes(const Kernels& ours, const ggml_tensor& node) {
  if (node.op != GGML_OP_MUL_MAT) return false;
  const ggml_tensor &weights = *node.src[0], &x = *node.src[1];
  const bool plain = weights.type == GGML_TYPE_Q8_0 && weights.extra == nullptr &&
                     weights.nb[0] == ggml_type_size(GGML_TYPE_Q8_0) && is_matrix(weights);
  const bool rows =
      x.type == GGML_TYPE_F32 && x.nb[0] == sizeof(float) && is_matrix(x) && takes_rows(ours, x.ne[1]);
  return plain && rows && node.type == GGML_TYPE_F32 && node.nb[0] == sizeof(float);
}

std::size_t thread_bytes(const Kernels& ours, const ggml_tensor& node) {
  const auto inputs = static_cast<int>(node.src[0]->ne[0]), rows = static_cast<int>(node.src[1]->ne[1]);
  if (!is_few(ours, rows)) return ours.q8_product_bytes(inputs, rows);
  return ours.row_product->bytes(inputs) * static_cast<std::size_t>(rows);
}

Q8Weights weights_of(const ggml_tensor& tensor) {
  return {.data = static_cast<const std::byte*>(tensor.data),
          .row_bytes = tensor.nb[1],
          .inputs = static_cast<int>(tensor.ne[0]),
          .outputs = static_cast<int>(tensor.ne[1])};
}

// Each thread rounds the rows for itself, which takes less time than waiting for another. They take a little
// of the product at a time: one that other programs hold up must not hold up the rest.
void multiply_rows(const Kernels& ours, ggml_tensor& out, int, std::atomic<int>& next, std::byte* memory) {
  constexpr int kOutputsAtATime = 128;
  const Q8Weights weights = weights_of(*out.src[0]);
  const ggml_tensor& x = *out.src[1];
  const auto rows = static_cast<int>(x.ne[1]);
  const int panels = ours.layout.panels(weights.outputs);
  const int at_a_time = std::max(1, kOutputsAtATime / ours.layout.outputs);
  ours.q8_round(weights.inputs, {static_cast<const float*>(x.data), x.nb[1] / sizeof(float), rows}, memory);
  for (int begin = next.fetch_add(at_a_time); begin < panels; begin = next.fetch_add(at_a_time)) {
    ours.q8_product(weights, begin, std::min(begin + at_a_time, panels), rows, static_cast<float*>(out.data),
                    out.nb[1] / sizeof(float), memory);
  }
}

// Not too little at a time: what is fetched ahead beyond the end of a piece is another thread's.
void multiply_few_rows(const Kernels& ours, ggml_tensor& out, int threads, std::atomic<int>& next,
                       std::byte* memory) {
  constexpr std::size_t kBytesAtATime = 256 * 1024;
  const Q8Weights weights = weights_of(*out.src[0]);
  const ggml_tensor& x = *out.src[1];
  const std::size_t bytes = static_cast<std::size_t>(weights.outputs) * weights.row_bytes;
  const std::size_t each_takes = bytes / static_cast<std::size_t>(threads) / kBytesAtATime;
  const int pieces = threads * std::max(1, static_cast<int>(each_takes));
  const int outputs_at_a_time = (weights.outputs + pieces - 1) / pieces;

  const std::size_t row_bytes = ours.row_product->bytes(weights.inputs);
  const auto rows = static_cast<std::size_t>(x.ne[1]);
  for (std::size_t r = 0; r < rows; ++r) {
    const auto* row = static_cast<const float*>(x.data) + r * (x.nb[1] / sizeof(float));
    ours.row_product->round(weights.inputs, row, memory + r * row_bytes);
  }
  for (int begin = next.fetch_add(outputs_at_a_time); begin < weights.outputs;
       begin = next.fetch_add(outputs_at_a_time)) {
    const int end = std::min(begin + outputs_at_a_time, weights.outputs);
    for (std::size_t r = 0; r < rows; ++r) {
      ours.row_product->multiply(weights, begin, end, memory + r * row_bytes,
                                 static_cast<float*>(out.data) + r * (out.nb[1] / sizeof(float)));
    }
  }
}

void run(const Kernels& ours, ggml_tensor& out, const std::int32_t*, int threads, std::atomic<int>& next,
         std::byte* memory) {
  const auto multiply = is_few(ours, out.src[1]->ne[1]) ? multiply_few_rows : multiply_rows;
  multiply(ours, out, threads, next, memory);
}

}  // namespace

const OwnKind kQ8Product{.takes = takes, .thread_bytes = thread_bytes, .run = run};

}  // namespace plimsoll::engine
