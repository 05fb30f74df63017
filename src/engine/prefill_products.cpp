#include "engine/prefill_products.h"

#include <algorithm>
#include <cstring>

#include "ggml-impl.h"
#include "kernels/kernels.h"

namespace plimsoll::engine {

namespace {

bool is_matrix(const ggml_tensor& tensor) { return tensor.ne[2] == 1 && tensor.ne[3] == 1; }

// Null: the product is left to ggml's.
const kernels::Kernels* kernels_for(const ggml_tensor& node) {
  const kernels::Kernels* ours = kernels::best_kernels();
  if (node.op != GGML_OP_MUL_MAT || ours == nullptr) return nullptr;
  const ggml_tensor &weights = *node.src[0], &x = *node.src[1];
  const bool plain = weights.type == GGML_TYPE_Q8_0 && weights.extra == nullptr &&
                     weights.nb[0] == ggml_type_size(GGML_TYPE_Q8_0) && is_matrix(weights);
  const bool rows =
      x.type == GGML_TYPE_F32 && x.nb[0] == sizeof(float) && is_matrix(x) && x.ne[1] >= ours->q8_least_rows;
  return plain && rows && node.type == GGML_TYPE_F32 && node.nb[0] == sizeof(float) ? ours : nullptr;
}

std::size_t thread_bytes(const kernels::Kernels& ours, const ggml_tensor& node) {
  return ours.q8_product_bytes(static_cast<int>(node.src[0]->ne[0]), static_cast<int>(node.src[1]->ne[1]));
}

}  // namespace

std::size_t prefill_product_bytes(const ggml_tensor& node, int threads) {
  const kernels::Kernels* ours = kernels_for(node);
  return ours == nullptr ? 0 : thread_bytes(*ours, node) * static_cast<std::size_t>(threads);
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
  const kernels::Kernels& ours = *kernels::best_kernels();
  const int panels = ours.layout.panels(q8.outputs);
  std::byte* memory = static_cast<PrefillProducts*>(self)->memory_ +
                      static_cast<std::size_t>(thread) * thread_bytes(ours, *out);
  ours.q8_product(q8, panels * thread / threads, panels * (thread + 1) / threads,
                  {static_cast<const float*>(x.data), x.nb[1] / sizeof(float), static_cast<int>(x.ne[1])},
                  static_cast<float*>(out->data), out->nb[1] / sizeof(float), memory);
}

}  // namespace plimsoll::engine
