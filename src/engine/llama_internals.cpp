#include "engine/llama_internals.h"

#include "llama-model.h"

namespace plimsoll::engine {

std::vector<ggml_tensor*> weights_of(llama_model& model) {
  std::vector<ggml_tensor*> weights;
  weights.reserve(model.tensors_by_name.size());
  for (const auto& [name, tensor] : model.tensors_by_name) weights.push_back(tensor);
  return weights;
}

void end_simulation(llama_model& model) { model.hparams.no_alloc = false; }

}  // namespace plimsoll::engine
