#include "engine/graph_runner.h"

#include <algorithm>

#include "engine/layer_stream.h"
#include "engine/own_nodes.h"
#include "ggml-cpu.h"
#include "ggml-impl.h"

namespace plimsoll::engine {

namespace {

// The streamed layer that a node needs, or -1. A view of a weight follows the weight to where it is now.
template <typename Visit>
void each_streamed_source(const ggml_tensor& node, const LayerStream& stream, Visit visit) {
  for (ggml_tensor* source : node.src) {
    if (source == nullptr) continue;
    const int layer = stream.layer_of(source->view_src != nullptr ? source->view_src : source);
    if (layer >= 0) visit(*source, layer);
  }
}

int layer_of(const ggml_tensor& node, const LayerStream& stream) {
  int found = -1;
  each_streamed_source(node, stream, [&](const ggml_tensor&, int layer) { found = layer; });
  return found;
}

void follow_weights(const ggml_tensor& node, const LayerStream& stream) {
  each_streamed_source(node, stream, [](ggml_tensor& source, int) {
    if (source.view_src != nullptr) {
      source.data = static_cast<std::byte*>(source.view_src->data) + source.view_offs;
    }
  });
}

}  // namespace

ggml_status GraphRunner::run(ggml_cgraph& graph) {
  return device_.stream != nullptr ? run_streamed(graph, *device_.stream) : compute(graph);
}

ggml_status GraphRunner::run_streamed(ggml_cgraph& graph, LayerStream& stream) {
  int begin = 0, running = -1;
  ggml_status status = GGML_STATUS_SUCCESS;
  for (int i = 0; i < graph.n_nodes && status == GGML_STATUS_SUCCESS; ++i) {
    const ggml_tensor& node = *graph.nodes[i];
    const int layer = layer_of(node, stream);
    if (layer >= 0 && layer != running) {
      status = run_nodes(graph, begin, i);
      if (status != GGML_STATUS_SUCCESS) break;
      begin = i;
      running = layer;
      if (auto entered = stream.enter(layer); !entered) {
        device_.refusal = entered.error();
        status = GGML_STATUS_FAILED;
      }
    }
    if (layer >= 0) follow_weights(node, stream);
  }
  if (status == GGML_STATUS_SUCCESS) status = run_nodes(graph, begin, graph.n_nodes);
  stream.leave();
  return status;
}

ggml_status GraphRunner::run_nodes(ggml_cgraph& graph, int begin, int end) {
  if (begin == end) return GGML_STATUS_SUCCESS;
  ggml_cgraph part = graph;
  part.size = 0;
  part.nodes += begin;
  part.n_nodes = end - begin;
  part.leafs = nullptr;
  part.n_leafs = 0;
  part.uid = 0;
  return compute(part);
}

ggml_status GraphRunner::compute(ggml_cgraph& graph) {
  OwnNodes own(graph, device_.threads, device_.own_nodes);
  ggml_cplan plan = ggml_graph_plan(&graph, device_.threads, nullptr);
  // Nodes run one after the other: those of ours work in the same memory as ggml's.
  const std::size_t wanted = std::max(plan.work_size, own.working_bytes());
  if (scratch_.size() < wanted) {
    scratch_.release();
    auto memory = device_.allocate(device_.holders.compute, std::max(wanted, device_.scratch_bytes));
    if (!memory) return GGML_STATUS_ALLOC_FAILED;
    scratch_ = std::move(*memory);
  }
  own.work_in(scratch_.data());
  plan.work_data = reinterpret_cast<std::uint8_t*>(scratch_.data());
  plan.abort_callback = [](void* device) { return static_cast<GovernedDevice::State*>(device)->cancelled(); };
  plan.abort_callback_data = &device_;
  return ggml_graph_compute(&graph, &plan);
}

}  // namespace plimsoll::engine
