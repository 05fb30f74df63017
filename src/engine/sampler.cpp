#include "engine/sampler.h"

namespace plimsoll::engine {

Sampler::Sampler(const SamplingOptions& options)
    : chain_(llama_sampler_chain_init(llama_sampler_chain_default_params())) {
  if (options.temperature <= 0) {
    llama_sampler_chain_add(chain_.get(), llama_sampler_init_greedy());
    return;
  }
  // Temperature before top-p: the order of MLX, whose figures spec section 2 takes over.
  llama_sampler_chain_add(chain_.get(), llama_sampler_init_temp(options.temperature));
  llama_sampler_chain_add(chain_.get(), llama_sampler_init_top_p(options.top_p, 1));
  llama_sampler_chain_add(chain_.get(), llama_sampler_init_dist(options.seed));
}

}  // namespace plimsoll::engine
