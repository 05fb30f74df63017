#pragma once

#include <memory>
#include <vector>

#include "gguf.h"
#include "synth/tensor_spec.h"

namespace plimsoll::synth {

struct FreeGguf {
  void operator()(gguf_context* context) const { gguf_free(context); }
};
using GgufMetadata = std::unique_ptr<gguf_context, FreeGguf>;

// What a GGUF file will say: its keys and the tensors still to be made, in the order of the file.
struct ModelFile {
  GgufMetadata metadata;
  std::vector<TensorSpec> tensors;
};

}  // namespace plimsoll::synth
