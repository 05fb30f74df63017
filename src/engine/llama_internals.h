// What llama.cpp's public interface does not offer and taking weights and plans into our own hands needs. The
// only file that looks into its src/.
#pragma once

#include <cstddef>
#include <vector>

struct ggml_tensor;
struct llama_context;
struct llama_model;

namespace plimsoll::engine {

/// Every weight of a model, in the order of its layers. One that serves twice (embeddings that are the output
/// too) is there twice, under one name.
std::vector<ggml_tensor*> weights_of(llama_model& model);

/// The token embeddings of a model that feeds them to its first layer as they are (the architecture `llama`);
/// nullptr: it does more to them, or nobody knows.
const ggml_tensor* plain_token_embeddings(const llama_model& model);

/// While a model is simulated, as one that was loaded with `no_alloc` is, contexts of it are drawn up without
/// memory and say what they would take. REQUIRES for `false`: each of its weights has data. Returns what it
/// was.
bool simulate(llama_model& model, bool simulated);

/// What a context takes or, when simulated, would take. Each sum is of whole buffers, rounded up to pages.
struct ContextBytes {
  std::size_t kv = 0;
  std::size_t compute = 0;
};
ContextBytes bytes_of(const llama_context& context);

}  // namespace plimsoll::engine
