#include "engine/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <numeric>

namespace plimsoll::engine {
namespace {

using Logits = std::vector<float>;
using Tokens = std::vector<llama_token>;

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

Logits random_logits(std::size_t count, float spread, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> draw(3.0F, spread);
  Logits logits(count);
  for (float& logit : logits) logit = draw(random);
  return logits;
}

// What section 2 of the specification means, step by step: the softmax over everything, sorted, until the
// probabilities add up.
std::map<llama_token, double> reference(const Logits& logits, double temperature, double top_p) {
  Tokens order(logits.size());
  std::iota(order.begin(), order.end(), 0);
  const auto logit = [&](llama_token token) { return logits[static_cast<std::size_t>(token)]; };
  std::stable_sort(order.begin(), order.end(),
                   [&](llama_token a, llama_token b) { return logit(a) > logit(b); });
  const auto weight = [&](llama_token token) {
    return std::exp((double{logit(token)} - double{logit(order[0])}) / temperature);
  };
  double all = 0, kept = 0;
  for (const llama_token token : order) all += weight(token);
  std::map<llama_token, double> probabilities;
  for (const llama_token token : order) {
    probabilities[token] = weight(token);
    kept += weight(token);
    if (kept / all >= top_p) break;
  }
  for (auto& [token, probability] : probabilities) probability /= kept;
  return probabilities;
}

Tokens nucleus_tokens(const Logits& logits, float temperature, float top_p) {
  std::vector<Candidate> nucleus;
  find_nucleus(logits, temperature, top_p, nucleus);
  Tokens tokens;
  for (const Candidate& each : nucleus) tokens.push_back(each.token);
  std::sort(tokens.begin(), tokens.end());
  return tokens;
}

Tokens draw(Sampler sampler, const Logits& logits, std::size_t times) {
  Tokens tokens(times);
  for (llama_token& token : tokens) token = sampler.sample(logits);
  return tokens;
}

TEST(Sampler, AtTemperatureZeroTakesTheLikeliestToken) {
  Sampler sampler({.temperature = 0});
  for (unsigned seed = 0; seed < 100; ++seed) {
    const Logits logits = random_logits(1000, 2, seed);
    ASSERT_EQ(sampler.sample(logits), std::max_element(logits.begin(), logits.end()) - logits.begin());
  }
}

TEST(Sampler, AtTemperatureZeroTakesTheFirstOfEqualTokens) {
  EXPECT_EQ(Sampler({.temperature = 0}).sample(Logits{1, 7, 3, 7, 7}), 1);
}

TEST(Nucleus, IsWhatAStraightforwardImplementationKeeps) {
  unsigned seed = 0;
  for (const float spread : {0.2F, 1.0F, 4.0F}) {
    for (const float temperature : {0.2F, 0.7F, 1.5F}) {
      for (const float top_p : {0.05F, 0.5F, 0.9F, 0.99F}) {
        for (const std::size_t count : {1U, 2U, 7U, 2000U}) {
          const Logits logits = random_logits(count, spread, ++seed);
          Tokens expected;
          for (const auto& [token, probability] : reference(logits, temperature, top_p)) {
            expected.push_back(token);
          }
          ASSERT_EQ(nucleus_tokens(logits, temperature, top_p), expected)
              << "spread " << spread << ", temperature " << temperature << ", top-p " << top_p << ", count "
              << count;
        }
      }
    }
  }
}

TEST(Nucleus, IsTheLikeliestTokenAtTopPZero) { EXPECT_EQ(nucleus_tokens({1, 2, 3, 2}, 1, 0), Tokens{2}); }

TEST(Nucleus, IsEverythingAtTopPOne) {
  EXPECT_EQ(nucleus_tokens({1, 2, 3, 2, 1}, 1, 1), (Tokens{0, 1, 2, 3, 4}));
}

TEST(Nucleus, KeepsTheFirstOfEqualTokens) {
  // Eight times 1/8: three of them reach a third.
  EXPECT_EQ(nucleus_tokens(Logits(8, 5.0F), 1, 0.33F), (Tokens{0, 1, 2}));
}

TEST(Sampler, DrawsTokensAsOftenAsTheirProbabilitySays) {
  constexpr std::size_t kDraws = 5000;
  for (const float temperature : {0.3F, 0.7F, 1.3F}) {
    for (const float top_p : {0.5F, 0.9F, 1.0F}) {
      const Logits logits = random_logits(60, 1, 11);
      std::map<llama_token, double> counts;
      for (const llama_token token :
           draw(Sampler({.temperature = temperature, .top_p = top_p, .seed = 3}), logits, kDraws)) {
        ++counts[token];
      }
      const auto expected = reference(logits, temperature, top_p);
      for (const auto& [token, count] : counts) ASSERT_TRUE(expected.count(token)) << token;
      for (const auto& [token, probability] : expected) {
        const double mean = probability * kDraws, deviation = std::sqrt(mean * (1 - probability));
        EXPECT_NEAR(counts[token], mean, 5 * deviation + 1) << "token " << token;
      }
    }
  }
}

TEST(Sampler, DrawsTheSameTokensForTheSameSeed) {
  const Logits logits = random_logits(500, 1, 1);
  EXPECT_EQ(draw(Sampler({.seed = 5}), logits, 50), draw(Sampler({.seed = 5}), logits, 50));
  EXPECT_NE(draw(Sampler({.seed = 5}), logits, 50), draw(Sampler({.seed = 6}), logits, 50));
}

TEST(Sampler, DrawsOtherTokensEachTimeWithoutASeed) {
  const Logits logits = random_logits(500, 1, 1);
  EXPECT_NE(draw(Sampler({}), logits, 50), draw(Sampler({}), logits, 50));
}

TEST(Sampler, NeverDrawsWhatIsNotANumberOrImpossible) {
  for (const llama_token token :
       draw(Sampler({.temperature = 5, .top_p = 1, .seed = 1}), {kNan, 1, -kInfinity, 1, kNan}, 200)) {
    ASSERT_TRUE(token == 1 || token == 3) << token;
  }
}

TEST(Sampler, TakesTheInfinitelyLikelyToken) {
  EXPECT_EQ(Sampler({}).sample(Logits{1, kNan, kInfinity, 2, kInfinity}), 2);
}

TEST(Sampler, TakesTheFirstTokenWhereNoneIsPossible) {
  for (const float temperature : {0.0F, 0.7F}) {
    EXPECT_EQ(Sampler({.temperature = temperature}).sample(Logits(9, kNan)), 0);
    EXPECT_EQ(Sampler({.temperature = temperature}).sample(Logits(9, -kInfinity)), 0);
  }
}

TEST(Sampler, IsGreedyAtTheSmallestTemperatureAndKeepsEverythingAtTheLargest) {
  const Logits logits = {1, 2, 3, 2.9999F};
  EXPECT_EQ(Sampler({.temperature = std::numeric_limits<float>::denorm_min()}).sample(logits), 2);
  const Tokens all = nucleus_tokens(logits, std::numeric_limits<float>::max(), 1);
  EXPECT_EQ(all, (Tokens{0, 1, 2, 3}));
}

}  // namespace
}  // namespace plimsoll::engine
