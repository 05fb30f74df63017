// Runs graphs with ggml's CPU kernels, with scratch memory from the pool; where weights are streamed, in
// pieces between which layers come and go.
#pragma once

#include "engine/governed_buffers.h"

namespace plimsoll::engine {

class GraphRunner {
 public:
  explicit GraphRunner(GovernedDevice::State& device) : device_(device) {}

  /// Stops between two nodes once the device's cancel flag says so. A failure's reason goes to the device's
  /// refusal.
  ggml_status run(ggml_cgraph& graph);

 private:
  ggml_status run_streamed(ggml_cgraph& graph, LayerStream& stream);
  ggml_status run_nodes(ggml_cgraph& graph, int begin, int end);
  ggml_status compute(ggml_cgraph& graph);

  GovernedDevice::State& device_;
  Buffer scratch_;  // what ggml's CPU kernels need beside the tensors
};

}  // namespace plimsoll::engine
