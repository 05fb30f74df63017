// The two things that llama.cpp's public interface does not offer and that taking weights into our own hands
// needs. The only file that looks into its src/.
#pragma once

#include <vector>

struct ggml_tensor;
struct llama_model;

namespace plimsoll::engine {

/// Every weight of a model, in the order of its layers. One that serves twice (embeddings that are the output
/// too) is there twice, under one name.
std::vector<ggml_tensor*> weights_of(llama_model& model);

/// Tells a model that was loaded with `no_alloc` that it is a real one now. REQUIRES: each of its weights has
/// data.
void end_simulation(llama_model& model);

}  // namespace plimsoll::engine
