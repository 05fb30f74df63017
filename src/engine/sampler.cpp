#include "engine/sampler.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>
#include <numeric>

namespace plimsoll::engine {

namespace {

// Sums and maxima run in lanes: compiled to vector instructions, which a compiler may not do by itself to
// floating point whose order counts.
constexpr std::size_t kLanes = 64;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// -infinity when there is none; what is no number is never the highest.
float highest_of(std::span<const float> logits) {
  std::array<float, kLanes> lanes;
  lanes.fill(-kInfinity);
  const std::size_t whole = logits.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] = logits[i + lane] > lanes[lane] ? logits[i + lane] : lanes[lane];
  }
  for (const float logit : logits.subspan(whole)) lanes[0] = logit > lanes[0] ? logit : lanes[0];
  return *std::max_element(lanes.begin(), lanes.end());
}

// e^x for x <= 0, within a millionth; what is no number counts as the smallest. Without the call that
// std::exp is, the loop below becomes vector instructions.
float exp_below_zero(float x) {
  constexpr float kLn2 = std::numbers::ln2_v<float>, kLog2E = std::numbers::log2e_v<float>;
  constexpr float kSmallest = -87;
  x = x > kSmallest ? x : kSmallest;
  const int power = static_cast<int>(x * kLog2E - 0.5F);
  const float r = x - static_cast<float>(power) * kLn2;  // within half of kLn2: a short series is enough
  float series = 1 + r / 6;
  series = 1 + r * series * (1.0F / 5);
  series = 1 + r * series * (1.0F / 4);
  series = 1 + r * series * (1.0F / 3);
  series = 1 + r * series * (1.0F / 2);
  series = 1 + r * series;
  return series * std::bit_cast<float>((power + 127) << 23);
}

// What all tokens weigh together.
double whole_weight(std::span<const float> logits, float highest, float temperature) {
  std::array<float, kLanes> lanes{};
  const std::size_t whole = logits.size() / kLanes * kLanes;
  for (std::size_t i = 0; i < whole; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      lanes[lane] += exp_below_zero((logits[i + lane] - highest) / temperature);
  }
  for (const float logit : logits.subspan(whole)) lanes[0] += exp_below_zero((logit - highest) / temperature);
  return std::accumulate(lanes.begin(), lanes.end(), 0.0);
}

double total(std::span<const Candidate> candidates) {
  double sum = 0;
  for (const Candidate& each : candidates) sum += each.weight;
  return sum;
}

bool likelier(const Candidate& a, const Candidate& b) {
  return a.weight != b.weight ? a.weight > b.weight : a.token < b.token;
}

// The likeliest that weigh `wanted` together. Halves what may hold the last of them until that is found, and
// so sorts nothing else.
void keep_likeliest(std::vector<Candidate>& candidates, double wanted) {
  auto first = candidates.begin(), last = candidates.end();
  while (last - first > 1) {
    const auto middle = first + (last - first) / 2;
    std::nth_element(first, middle, last, likelier);
    const double half = total({first, middle});
    if (half >= wanted) {
      last = middle;
    } else {
      first = middle;
      wanted -= half;
    }
  }
  candidates.erase(last, candidates.end());
}

// Where the share `part` (0 to 1) of their weight ends.
llama_token token_at(std::span<const Candidate> candidates, double part) {
  double rest = part * total(candidates);
  for (const Candidate& each : candidates) {
    rest -= each.weight;
    if (rest < 0) return each.token;
  }
  return candidates.back().token;
}

}  // namespace

llama_token greedy_token(std::span<const float> logits) {
  const auto found = std::find(logits.begin(), logits.end(), highest_of(logits));
  return found == logits.end() ? 0 : static_cast<llama_token>(found - logits.begin());
}

void find_nucleus(std::span<const float> logits, float temperature, float top_p,
                  std::vector<Candidate>& nucleus) {
  const float highest = highest_of(logits);
  const double all = whole_weight(logits, highest, temperature), wanted = top_p * all;
  // Tokens lighter than this are none of it: even all of them weigh but half of what the nucleus leaves out.
  const double smallest = std::max(0.0, 0.5 * (all - wanted) / static_cast<double>(logits.size()));
  const float lowest = highest + temperature * static_cast<float>(std::log(smallest));
  nucleus.clear();
  for (std::size_t i = 0; i < logits.size(); ++i) {
    if (logits[i] >= lowest) {
      nucleus.push_back({static_cast<llama_token>(i), std::exp((logits[i] - highest) / temperature)});
    }
  }
  if (top_p < 1) keep_likeliest(nucleus, wanted);
}

Sampler::Sampler(const SamplingOptions& options)
    : options_(options),
      random_(options.seed == LLAMA_DEFAULT_SEED ? std::random_device()() : options.seed) {}

llama_token Sampler::sample(std::span<const float> logits) {
  const bool any_choice =
      options_.temperature > 0 && std::isfinite(options_.temperature) && std::isfinite(highest_of(logits));
  if (!any_choice) return greedy_token(logits);
  find_nucleus(logits, options_.temperature, options_.top_p, nucleus_);
  // Not std::uniform_real_distribution: what that makes of a seed is each library's own.
  return token_at(nucleus_, std::ldexp(static_cast<double>(random_()), -32));
}

}  // namespace plimsoll::engine
