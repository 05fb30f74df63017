#include "engine/own_nodes.h"

#include <algorithm>
#include <cstring>

#include "engine/cache_attention.h"
#include "engine/q8_products.h"
#include "ggml-impl.h"

namespace plimsoll::engine {

namespace {

// Null: the node is left to ggml's kernels.
const OwnKind* kind_of(const ggml_tensor& node) {
  const kernels::Kernels* ours = kernels::best_kernels();
  if (ours == nullptr) return nullptr;
  for (const OwnKind* kind : {&kQ8Product, &kCacheAttention}) {
    if (kind->takes(*ours, node)) return kind;
  }
  return nullptr;
}

}  // namespace

std::size_t own_node_bytes(const ggml_tensor& node, int threads) {
  const OwnKind* kind = kind_of(node);
  if (kind == nullptr) return 0;
  return kind->thread_bytes(*kernels::best_kernels(), node) * static_cast<std::size_t>(threads);
}

OwnNodes::OwnNodes(ggml_cgraph& graph, int threads, bool wanted) {
  for (int i = 0; wanted && i < graph.n_nodes; ++i) {
    ggml_tensor& node = *graph.nodes[i];
    const OwnKind* kind = kind_of(node);
    if (kind == nullptr) continue;
    working_bytes_ = std::max(working_bytes_, own_node_bytes(node, threads));
    swap(node, *kind);
  }
}

OwnNodes::~OwnNodes() {
  for (const Swapped& swapped : swapped_) {
    swapped.node->op = swapped.op;
    std::memcpy(swapped.node->op_params, swapped.parameters, sizeof(swapped.parameters));
  }
}

void OwnNodes::swap(ggml_tensor& node, const OwnKind& kind) {
  Swapped& swapped = swapped_.emplace_back();
  swapped.all = this;
  swapped.kind = &kind;
  swapped.node = &node;
  swapped.op = node.op;
  std::memcpy(swapped.parameters, node.op_params, sizeof(swapped.parameters));
  const ggml_custom_op_params custom{.fun = run, .n_tasks = GGML_N_TASKS_MAX, .userdata = &swapped};
  node.op = GGML_OP_CUSTOM;
  std::memcpy(node.op_params, &custom, sizeof(custom));
}

void OwnNodes::run(ggml_tensor* out, int thread, int threads, void* data) {
  Swapped& swapped = *static_cast<Swapped*>(data);
  const kernels::Kernels& ours = *kernels::best_kernels();
  const std::size_t each = swapped.kind->thread_bytes(ours, *out);
  swapped.kind->run(ours, *out, swapped.parameters, threads, swapped.next,
                    swapped.all->memory_ + static_cast<std::size_t>(thread) * each);
}

}  // namespace plimsoll::engine
