#include "engine/llama_internals.h"

#include <utility>

#include "llama-ext.h"
#include "llama-model.h"
#include "plimsoll/memory.h"

namespace plimsoll::engine {

std::vector<ggml_tensor*> weights_of(llama_model& model) {
  std::vector<ggml_tensor*> weights;
  weights.reserve(model.tensors_by_name.size());
  for (const auto& [name, tensor] : model.tensors_by_name) weights.push_back(tensor);
  return weights;
}

const ggml_tensor* plain_token_embeddings(const llama_model& model) {
  const bool plain = model.arch == LLM_ARCH_LLAMA && model.hparams.f_embedding_scale == 0;
  return plain ? model.tok_embd : nullptr;
}

bool simulate(llama_model& model, bool simulated) { return std::exchange(model.hparams.no_alloc, simulated); }

ContextBytes bytes_of(const llama_context& context) {
  const auto whole_pages = [](std::size_t bytes) {
    const std::size_t page = PageSource::page_bytes();
    return (bytes + page - 1) / page * page;
  };
  ContextBytes sum;
  for (const auto& [type, bytes] : llama_get_memory_breakdown(&context)) {
    sum.kv += whole_pages(bytes.context);
    sum.compute += whole_pages(bytes.compute);
  }
  return sum;
}

}  // namespace plimsoll::engine
