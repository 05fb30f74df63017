// Attention to a cache against plain loops in double precision.
#include <algorithm>
#include <string>

#include "tests/unit/kernels_fixture.h"

namespace plimsoll::kernels {
namespace {

constexpr std::uint16_t kMinusInfinity = 0xfc00;  // in half precision

// Values in half precision, and what they stand for.
struct Halves {
  std::vector<std::uint16_t> bits;
  Floats values;

  Halves(std::size_t count, unsigned seed) {
    std::mt19937 random(seed);
    for (std::size_t i = 0; i < count; ++i) {
      const unsigned sign = random() % 2, exponent = 12 + random() % 4, fraction = random() % 1024;
      bits.push_back(static_cast<std::uint16_t>((sign << 15) | (exponent << 10) | fraction));
      const float size = std::ldexp(1 + static_cast<float>(fraction) / 1024, static_cast<int>(exponent) - 15);
      values.push_back(sign != 0 ? -size : size);
    }
  }
};

struct Asked {
  int queries, positions, width;
};

// Query q sees the positions up to its own; they end with the cache.
bool sees(const Asked& asked, int q, int position) { return position <= asked.positions - asked.queries + q; }

struct Cache {
  explicit Cache(const Asked& asked)
      : keys(static_cast<std::size_t>(asked.positions * asked.width), 1),
        values(static_cast<std::size_t>(asked.positions * asked.width), 2),
        queries(noise(static_cast<std::size_t>(asked.queries * asked.width), 3)) {}

  CachedHead head(const Asked& asked) const {
    const std::size_t bytes = static_cast<std::size_t>(asked.width) * 2;
    return {.width = asked.width,
            .positions = asked.positions,
            .scale = 0.25F,
            .keys = reinterpret_cast<const std::byte*>(keys.bits.data()),
            .key_bytes = bytes,
            .values = reinterpret_cast<const std::byte*>(values.bits.data()),
            .value_bytes = bytes};
  }

  Halves keys, values;
  Floats queries;
};

std::vector<double> plain_attention(const Asked& asked, const Cache& cache, bool masked) {
  std::vector<double> all;
  for (int q = 0; q < asked.queries; ++q) {
    std::vector<double> sums(static_cast<std::size_t>(asked.width));
    double whole = 0;
    for (int p = 0; p < asked.positions; ++p) {
      if (masked && !sees(asked, q, p)) continue;
      double score = 0;
      for (int i = 0; i < asked.width; ++i) {
        score += static_cast<double>(cache.queries[static_cast<std::size_t>(q * asked.width + i)]) *
                 cache.keys.values[static_cast<std::size_t>(p * asked.width + i)];
      }
      const double share = std::exp(score * 0.25);
      whole += share;
      for (int i = 0; i < asked.width; ++i) {
        sums[static_cast<std::size_t>(i)] +=
            share * cache.values.values[static_cast<std::size_t>(p * asked.width + i)];
      }
    }
    for (const double sum : sums) all.push_back(sum / whole);
  }
  return all;
}

Floats attend(const Kernels& kernels, const Asked& asked, const Cache& cache, bool masked) {
  std::vector<std::uint16_t> masks;
  for (int q = 0; q < asked.queries; ++q) {
    for (int p = 0; p < asked.positions; ++p) masks.push_back(sees(asked, q, p) ? 0 : kMinusInfinity);
  }
  Floats got(cache.queries.size(), 7);
  std::vector<CachedQuery> queries;
  for (int q = 0; q < asked.queries; ++q) {
    const auto row = static_cast<std::size_t>(q * asked.width);
    queries.push_back(
        {.query = cache.queries.data() + row,
         .mask = masked ? masks.data() + static_cast<std::ptrdiff_t>(q) * asked.positions : nullptr,
         .out = got.data() + row});
  }
  const Aligned memory = aligned_memory(kernels.cached_attention_bytes(asked.width));
  kernels.attend_cached(cache.head(asked), queries.data(), asked.queries, memory.get());
  return got;
}

constexpr Asked kAsked[] = {{1, 32, 64}, {3, 96, 64}, {48, 256, 64}, {21, 64, 128}, {7, 512, 192}};

class CacheOf : public Sets {};

TEST_P(CacheOf, IsAttendedToAsPlainLoopsDo) {
  for (const Asked& asked : kAsked) {
    const Cache cache(asked);
    for (const bool masked : {false, true}) {
      const Floats got = attend(*kernels, asked, cache, masked);
      EXPECT_LT(relative_error(got, plain_attention(asked, cache, masked)), 1e-5)
          << asked.queries << " " << asked.positions << " " << asked.width << " " << masked;
    }
  }
}

// As a cache is padded: positions that nobody may see count for nothing, whatever lies there.
TEST_P(CacheOf, CountsForNothingBehindTheMask) {
  const Asked asked{4, 128, 64};
  Cache cache(asked);
  const Floats before = attend(*kernels, asked, cache, true);
  const auto hidden = cache.values.bits.end() - 3 * asked.width;      // query 0 sees none of the last three
  std::fill(hidden, cache.values.bits.end(), std::uint16_t{0x7bff});  // the largest
  const Floats after = attend(*kernels, asked, cache, true);
  for (int i = 0; i < asked.width; ++i) {
    EXPECT_NEAR(after[static_cast<std::size_t>(i)], before[static_cast<std::size_t>(i)], 1e-6);
  }
}

TEST_P(CacheOf, GivesZerosToAQueryThatSeesNothing) {
  const Asked asked{1, 64, 64};
  const Cache cache(asked);
  const std::vector<std::uint16_t> mask(64, kMinusInfinity);
  Floats got(64, 7);
  const CachedQuery query{.query = cache.queries.data(), .mask = mask.data(), .out = got.data()};
  const Aligned memory = aligned_memory(kernels->cached_attention_bytes(asked.width));
  kernels->attend_cached(cache.head(asked), &query, 1, memory.get());
  EXPECT_EQ(got, Floats(64, 0.0F));
}

// Scores so far apart that e to their power is no number.
TEST_P(CacheOf, MayHaveOneScoreFarAboveAllOthers) {
  const Asked asked{2, 96, 64};
  Cache cache(asked);
  for (float& value : cache.queries) value *= 1000;
  const Floats got = attend(*kernels, asked, cache, false);
  for (const float value : got) ASSERT_TRUE(std::isfinite(value));
}

INSTANTIATE_TEST_SUITE_P(Each, CacheOf, testing::ValuesIn(kInstructionSets),
                         [](const auto& each) { return std::string(to_string(each.param)); });

}  // namespace
}  // namespace plimsoll::kernels
