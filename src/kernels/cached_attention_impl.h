// Attention to a cache, for one instruction set: a block of positions at a time, converted to floats in the
// first cache, for all queries. Sums are kept relative to the highest score so far.
#pragma once

#include "kernels/attention.h"
#include "kernels/cached_attention.h"
#include "kernels/vectors.h"

namespace plimsoll::kernels {
namespace {

constexpr float kLowestScore = -1e30F;
constexpr int kBlockVectors = kCachedPositions / kLanes;
// Sums of a query that are in registers at once, and queries that share a value then.
constexpr std::size_t kSumVectors = kLanes == 16 ? 4 : 2;
constexpr int kSumQueries = 4;

struct CachedMemory {
  CachedMemory(int width, std::byte* memory)
      : block(static_cast<std::size_t>(width) * kCachedPositions),
        keys(reinterpret_cast<float*>(memory)),
        values(keys + block),
        shares(values + block),
        sums(shares + kCachedQueries * kCachedPositions),
        share_sums(sums + kCachedQueries * width),
        highest(share_sums + kCachedQueries * kLanes),
        shrink(highest + kCachedQueries),
        end(shrink + kCachedQueries) {}

  std::size_t block;
  float* keys;        // [position][width]
  float* values;      // [position][width]
  float* shares;      // [query][position], of a block
  float* sums;        // [query][width]: shares times values
  float* share_sums;  // [query][lane]
  float* highest;     // [query]
  float* shrink;      // [query]: what sums so far are worth under the new highest score
  float* end;
};

class CachedAttention {
 public:
  CachedAttention(const CachedHead& head, const CachedQuery* queries, int count, std::byte* memory)
      : head_(head), queries_(queries), count_(count), m_(head.width, memory) {}

  void run() {
    __builtin_memset(m_.sums, 0, static_cast<std::size_t>(count_ * head_.width) * sizeof(float));
    __builtin_memset(m_.share_sums, 0, static_cast<std::size_t>(count_ * kLanes) * sizeof(float));
    for (int q = 0; q < count_; ++q) m_.highest[q] = kLowestScore;
    for (int begin = 0; begin < head_.positions; begin += kCachedPositions) {
      int seeing[kCachedQueries];
      int number = 0;
      for (int q = 0; q < count_; ++q) {
        if (sees(q, begin)) seeing[number++] = q;
      }
      if (number == 0) continue;
      convert(head_.keys, head_.key_bytes, begin, m_.keys);
      convert(head_.values, head_.value_bytes, begin, m_.values);
      for (int i = 0; i < number; ++i) share(seeing[i], begin);
      int i = 0;
      for (; i + kSumQueries <= number; i += kSumQueries) gather<kSumQueries>(seeing + i);
      for (; i < number; ++i) gather<1>(seeing + i);
    }
    for (int q = 0; q < count_; ++q) finish(q);
  }

 private:
  bool sees(int q, int begin) const {
    const std::uint16_t* mask = queries_[q].mask;
    if (mask == nullptr) return true;
    Vector highest = from_float16(mask + begin);
    for (int v = 1; v < kBlockVectors; ++v) highest = max(highest, from_float16(mask + begin + v * kLanes));
    return most(highest) > kLowestScore;
  }

  void convert(const std::byte* from, std::size_t stride, int begin, float* to) const {
    from += static_cast<std::size_t>(begin) * stride;
    for (int t = 0; t < kCachedPositions; ++t, from += stride, to += head_.width) {
      const auto* halves = reinterpret_cast<const std::uint16_t*>(from);
      for (int i = 0; i < head_.width; i += kLanes) store(All{}, to + i, from_float16(halves + i));
    }
  }

  // A query's products with the keys of as many positions as there are lanes.
  Vector scores(const float* query, const float* keys) const {
    Vector sums[kLanes] = {};
    for (int i = 0; i < head_.width; i += kLanes) {
      const Vector part = load(All{}, query + i);
#pragma GCC unroll 16
      for (int t = 0; t < kLanes; ++t) sums[t] = fma(part, load(All{}, keys + t * head_.width + i), sums[t]);
    }
    return totals(sums);
  }

  void share(int q, int begin) {
    const CachedQuery& query = queries_[q];
    const Vector scale = all(head_.scale * kLog2OfE);
    Vector score[kBlockVectors];
    Vector highest = all(m_.highest[q]);
#pragma GCC unroll 4
    for (int v = 0; v < kBlockVectors; ++v) {
      score[v] = scores(query.query, m_.keys + v * kLanes * head_.width) * scale;
      if (query.mask != nullptr) {
        score[v] = fma(from_float16(query.mask + begin + v * kLanes), all(kLog2OfE), score[v]);
      }
      highest = max(highest, score[v]);
    }
    const float now = most(highest);
    const Vector shrink = exp2_of(all(m_.highest[q] - now));
    m_.highest[q] = now;
    m_.shrink[q] = shrink[0];
    Vector sum = load(All{}, m_.share_sums + q * kLanes) * shrink;
#pragma GCC unroll 4
    for (int v = 0; v < kBlockVectors; ++v) {
      const Vector power = exp2_of(score[v] - all(now));
      sum += power;
      store(All{}, m_.shares + q * kCachedPositions + v * kLanes, power);
    }
    store(All{}, m_.share_sums + q * kLanes, sum);
  }

  template <std::size_t kCount>
  void gather(const int* queries) {
    for (int begin = 0; begin < head_.width; begin += static_cast<int>(kSumVectors) * kLanes) {
      Vector sums[kCount][kSumVectors];
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kCount; ++i) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kSumVectors; ++v) {
          sums[i][v] =
              load(All{}, m_.sums + queries[i] * head_.width + begin + static_cast<int>(v) * kLanes) *
              all(m_.shrink[queries[i]]);
        }
      }
      const float* values = m_.values + begin;
      for (int t = 0; t < kCachedPositions; ++t, values += head_.width) {
        Vector value[kSumVectors];
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kSumVectors; ++v)
          value[v] = load(All{}, values + static_cast<int>(v) * kLanes);
#pragma GCC unroll 4
        for (std::size_t i = 0; i < kCount; ++i) {
          const Vector weight = all(m_.shares[queries[i] * kCachedPositions + t]);
#pragma GCC unroll 4
          for (std::size_t v = 0; v < kSumVectors; ++v) sums[i][v] = fma(weight, value[v], sums[i][v]);
        }
      }
#pragma GCC unroll 4
      for (std::size_t i = 0; i < kCount; ++i) {
#pragma GCC unroll 4
        for (std::size_t v = 0; v < kSumVectors; ++v) {
          store(All{}, m_.sums + queries[i] * head_.width + begin + static_cast<int>(v) * kLanes, sums[i][v]);
        }
      }
    }
  }

  // One that saw nothing at all gets zeros.
  void finish(int q) const {
    const float sum = total(load(All{}, m_.share_sums + q * kLanes));
    const Vector inverse = all(sum > 0 ? 1 / sum : 0);
    for (int i = 0; i < head_.width; i += kLanes) {
      store(All{}, queries_[q].out + i, load(All{}, m_.sums + q * head_.width + i) * inverse);
    }
  }

  const CachedHead head_;
  const CachedQuery* const queries_;
  const int count_;
  const CachedMemory m_;
};

std::size_t cached_attention_bytes(int width) {
  const CachedMemory sized(width, nullptr);
  return aligned(
      static_cast<std::size_t>(reinterpret_cast<std::byte*>(sized.end) - static_cast<std::byte*>(nullptr)));
}

void attend_cached(const CachedHead& head, const CachedQuery* queries, int count, std::byte* memory) {
  CachedAttention(head, queries, count, memory).run();
}

}  // namespace
}  // namespace plimsoll::kernels
