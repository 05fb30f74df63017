// Picks the next token.
#pragma once

#include <cstdint>
#include <memory>

#include "llama.h"

namespace plimsoll::engine {

struct SamplingOptions {
  float temperature = 0.7F;  // 0: greedy
  float top_p = 0.9F;
  std::uint32_t seed = LLAMA_DEFAULT_SEED;  // the default draws a random one
};

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);
  llama_token sample(llama_context* context) { return llama_sampler_sample(chain_.get(), context, -1); }

 private:
  struct Free {
    void operator()(llama_sampler* chain) const { llama_sampler_free(chain); }
  };
  std::unique_ptr<llama_sampler, Free> chain_;
};

}  // namespace plimsoll::engine
