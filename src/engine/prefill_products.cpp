#include "engine/prefill_products.h"

#include <algorithm>
#include <cstring>

#include "ggml-impl.h"
#include "kernels/q8_product.h"

namespace plimsoll::engine {

namespace {

// Below that, putting the weights in order costs more than it gains.
constexpr std::int64_t kLeastRows = 6;

bool is_matrix(const ggml_tensor& tensor) { return tensor.ne[2] == 1 && tensor.ne[3] == 1; }

bool is_ours(const ggml_tensor& node) {
  if (node.op != GGML_OP_MUL_MAT || !kernels::available()) return false;
  const ggml_tensor &weights = *node.src[0], &x = *node.src[1];
  const bool plain = weights.type == GGML_TYPE_Q8_0 && weights.extra == nullptr &&
                     weights.nb[0] == ggml_type_size(GGML_TYPE_Q8_0) && is_matrix(weights);
  const bool rows =
      x.type == GGML_TYPE_F32 && x.nb[0] == sizeof(float) && is_matrix(x) && x.ne[1] >= kLeastRows;
  return plain && rows && node.type == GGML_TYPE_F32 && node.nb[0] == sizeof(float);
}

std::size_t thread_bytes(const ggml_tensor& node) {
  return kernels::q8_product_bytes(static_cast<int>(node.src[0]->ne[0]),
                                   static_cast<int>(node.src[1]->ne[1]));
}

}  // namespace

std::size_t prefill_product_bytes(const ggml_tensor& node, int threads) {
  return is_ours(node) ? thread_bytes(node) * static_cast<std::size_t>(threads) : 0;
}

PrefillProducts::PrefillProducts(ggml_cgraph& graph, int threads, bool wanted) {
  for (int i = 0; wanted && i < graph.n_nodes; ++i) {
    const std::size_t bytes = prefill_product_bytes(*graph.nodes[i], threads);
    if (bytes == 0) continue;
    working_bytes_ = std::max(working_bytes_, bytes);
    swap(*graph.nodes[i]);
  }
}

PrefillProducts::~PrefillProducts() {
  for (const Swapped& swapped : swapped_) {
    swapped.node->op = swapped.op;
    std::memcpy(swapped.node->op_params, swapped.parameters, sizeof(swapped.parameters));
  }
}

void PrefillProducts::swap(ggml_tensor& node) {
  Swapped swapped{.node = &node, .op = node.op, .parameters = {}};
  std::memcpy(swapped.parameters, node.op_params, sizeof(swapped.parameters));
  swapped_.push_back(swapped);
  const ggml_custom_op_params custom{.fun = run, .n_tasks = GGML_N_TASKS_MAX, .userdata = this};
  node.op = GGML_OP_CUSTOM;
  std::memcpy(node.op_params, &custom, sizeof(custom));
}

void PrefillProducts::run(ggml_tensor* out, int thread, int threads, void* self) {
  const ggml_tensor &weights = *out->src[0], &x = *out->src[1];
  const kernels::Q8Weights q8{.data = static_cast<const std::byte*>(weights.data),
                              .row_bytes = weights.nb[1],
                              .inputs = static_cast<int>(weights.ne[0]),
                              .outputs = static_cast<int>(weights.ne[1])};
  const int panels = kernels::panels(q8.outputs);
  std::byte* memory =
      static_cast<PrefillProducts*>(self)->memory_ + static_cast<std::size_t>(thread) * thread_bytes(*out);
  kernels::q8_product(q8, panels * thread / threads, panels * (thread + 1) / threads,
                      {static_cast<const float*>(x.data), x.nb[1] / sizeof(float), static_cast<int>(x.ne[1])},
                      static_cast<float*>(out->data), out->nb[1] / sizeof(float), memory);
}

}  // namespace plimsoll::engine
