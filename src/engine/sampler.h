// Picks the next token from the logits of the last position. Belongs to one thread.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <vector>

#include "llama.h"

namespace plimsoll::engine {

struct SamplingOptions {
  float temperature = 0.7F;  // 0: greedy
  float top_p = 0.9F;
  std::uint32_t seed = LLAMA_DEFAULT_SEED;  // the default draws a random one
};

struct Candidate {
  llama_token token;
  float weight;  // its probability over that of the likeliest token
};

/// The token with the highest logit, the first one of several; 0 when none is a number.
llama_token greedy_token(std::span<const float> logits);

/// Leaves in `nucleus` the likeliest tokens whose probabilities, after temperature, add up to `top_p`: as few
/// as do, at least one, in no order; of equals the first ones. Logits that are not a number are impossible.
/// REQUIRES: the highest logit is finite, and the temperature above 0.
void find_nucleus(std::span<const float> logits, float temperature, float top_p,
                  std::vector<Candidate>& nucleus);

class Sampler {
 public:
  explicit Sampler(const SamplingOptions& options);

  /// The same seed and the same logits give the same tokens.
  llama_token sample(std::span<const float> logits);

 private:
  SamplingOptions options_;
  std::mt19937 random_;
  std::vector<Candidate> nucleus_;
};

}  // namespace plimsoll::engine
