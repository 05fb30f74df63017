// The parts of a SigLIP encoder as nodes of a ggml graph, one implementation for each kind of kernels. Rows
// are patches, or positions of the prompt. Belongs to one thread.
#pragma once

#include <functional>
#include <memory>

#include "engine/governed_device.h"
#include "engine/siglip_file.h"
#include "engine/text_weights.h"
#include "kernels/kernels.h"

namespace plimsoll::engine {

class SiglipLayers {
 public:
  virtual ~SiglipLayers() = default;

  /// What fill() charges to the weights, and begin() to compute.
  virtual std::size_t weight_bytes() const = 0;
  virtual std::size_t working_bytes() const = 0;

  /// Brings the weights in. Blocking. Fails with `over_budget`, `out_of_memory`, `cancelled` or `io`; then
  /// only the destructor may be called.
  virtual Expected<void> fill(const Progress& progress, const CancelFlagPtr& cancel) = 0;

  // The working memory is there from begin(), which fails as fill() does, to end().
  virtual Expected<void> begin() { return {}; }
  virtual void end() {}

  // REQUIRES for computing them: fill(), begin(). [values, rows], 32-bit floats.
  virtual ggml_tensor* embed(ggml_context* graph, ggml_tensor* patches) = 0;
  virtual ggml_tensor* layer(ggml_context* graph, ggml_tensor* x, int index) = 0;
  virtual ggml_tensor* connect(ggml_context* graph, ggml_tensor* x) = 0;
};

/// With ggml's kernels, on the file's own pages. REQUIRES: `file` and `device` outlive it, here and below.
std::unique_ptr<SiglipLayers> make_plain_layers(const SiglipFile& file, GovernedDevice& device);

/// With our own kernels, on weights in their order.
std::unique_ptr<SiglipLayers> make_packed_layers(const SiglipFile& file, GovernedDevice& device, int threads,
                                                 const kernels::Kernels& kernels,
                                                 kernels::Precision precision);

}  // namespace plimsoll::engine
