// Attention of one head, for one instruction set.
#pragma once

#include "kernels/attention.h"
#include "kernels/strip.h"

namespace plimsoll::kernels {
namespace {

constexpr bool kHalfRows = sizeof(Bf16::RowValue) == sizeof(std::uint16_t);
constexpr std::size_t kHalfStepBytes = 2 * sizeof(std::uint16_t);  // of one output

std::size_t padded_rows(int rows) { return static_cast<std::size_t>(kLayout.panels(rows) * kLayout.outputs); }

// One head's keys and values as packed matrices, and a strip's queries and scores; all of it stays in the
// processor's caches.
struct AttentionMemory {
  explicit AttentionMemory(const AttentionShape& shape)
      : key_bytes(padded_rows(shape.rows) * static_cast<std::size_t>(shape.head_width) *
                  sizeof(std::uint16_t)),
        value_panel_bytes(padded_rows(shape.rows) * kLayout.outputs * sizeof(std::uint16_t)),
        value_bytes(value_panel_bytes * static_cast<std::size_t>(kLayout.panels(shape.head_width))),
        score_bytes(padded_rows(shape.rows) * kStripRows * sizeof(float)),
        share_bytes(kHalfRows ? padded_rows(shape.rows) * kStripRows * sizeof(std::uint16_t) : 0),
        query_bytes(kHalfRows ? 0 : static_cast<std::size_t>(shape.head_width) * kStripRows * sizeof(float)) {
  }

  std::size_t total() const {
    return aligned(key_bytes) + value_bytes + score_bytes + aligned(share_bytes) + aligned(query_bytes);
  }

  std::size_t key_bytes, value_panel_bytes, value_bytes, score_bytes, share_bytes, query_bytes;
};

class Head {
 public:
  Head(const AttentionShape& shape, int head, const std::uint16_t* qkv, std::byte* memory)
      : shape_(shape),
        layout_(shape),
        stride_(3 * shape.heads * shape.head_width),
        queries_(qkv + head * shape.head_width),
        padded_(static_cast<std::ptrdiff_t>(padded_rows(shape.rows))),
        keys_(memory),
        values_(keys_ + aligned(layout_.key_bytes)),
        scores_(reinterpret_cast<float*>(values_ + layout_.value_bytes)) {
    std::byte* behind = values_ + layout_.value_bytes + layout_.score_bytes;
    strip_queries_ = reinterpret_cast<float*>(behind + aligned(layout_.share_bytes));
    // Shares that are floats lie where their scores were.
    shares_ = reinterpret_cast<Bf16::RowValue*>(kHalfRows ? behind : reinterpret_cast<std::byte*>(scores_));
    pack_keys(queries_ + stride_ / 3);
    pack_values(queries_ + stride_ / 3 * 2);
  }

  // `out`: this head's part of the first row.
  void run(float* out) {
    each_strip(shape_.rows, [&]<int kRows>(int first) {
      float inverse_sums[kStripRows];
      score<kRows>(first);
      share<kRows>(inverse_sums);
      gather<kRows>(out + first * (stride_ / 3), inverse_sums);
    });
  }

 private:
  std::ptrdiff_t pairs() const { return shape_.head_width / 2; }

  // A step is the next two values of each key of a panel.
  void pack_keys(const std::uint16_t* keys) {
    auto* out = reinterpret_cast<std::uint32_t*>(keys_);
    for (std::ptrdiff_t row = 0; row < padded_; ++row) {
      std::uint32_t* column = out + row / kLayout.outputs * pairs() * kLayout.outputs + row % kLayout.outputs;
      const bool there = row < shape_.rows;
      for (std::ptrdiff_t pair = 0; pair < pairs(); ++pair) {
        std::uint32_t bits = 0;
        if (there) __builtin_memcpy(&bits, keys + row * stride_ + pair * 2, sizeof(bits));
        column[pair * kLayout.outputs] = bits;
      }
    }
  }

  // A panel is some places of the value; a step is those of the next two rows.
  void pack_values(const std::uint16_t* values) {
    for (int panel = 0; panel < kLayout.panels(shape_.head_width); ++panel) {
      auto* out =
          reinterpret_cast<int*>(values_ + static_cast<std::size_t>(panel) * layout_.value_panel_bytes);
      for (std::ptrdiff_t row = 0; row < padded_; row += 2, out += kLayout.outputs) {
        for (int v = 0; v < kVectors; ++v) {
          const int column = panel * kLayout.outputs + v * kLanes;
          const Words first = widened(values, row, column), second = widened(values, row + 1, column);
          store_words(first | (second << 16), out + v * kLanes);
        }
      }
    }
  }

  Words widened(const std::uint16_t* values, std::ptrdiff_t row, int column) const {
    if (row >= shape_.rows || column >= shape_.head_width) return Words{};
    return load_halves(lanes_below(shape_.head_width - column), values + row * stride_ + column);
  }

  // Where a strip's queries lie as rows of a product.
  template <int kRows>
  const std::byte* rows_of_queries(int first) {
    const std::uint16_t* queries = queries_ + first * stride_;
    if constexpr (kHalfRows) {
      return reinterpret_cast<const std::byte*>(queries);
    } else {
      for (int r = 0; r < kRows; ++r) {
        for (int i = 0; i < shape_.head_width; ++i) {
          const auto bits = static_cast<std::uint32_t>(queries[r * stride_ + i]) << 16;
          strip_queries_[r * shape_.head_width + i] = __builtin_bit_cast(float, bits);
        }
      }
      return reinterpret_cast<const std::byte*>(strip_queries_);
    }
  }

  // Not inlined, these three: each wants all vector registers for itself.
  template <int kRows>
  __attribute__((noinline)) void score(int first) {
    const std::byte* a = rows_of_queries<kRows>(first);
    const std::size_t stride_bytes =
        static_cast<std::size_t>(kHalfRows ? stride_ : shape_.head_width) * sizeof(Bf16::RowValue);
    const std::size_t panel_bytes = static_cast<std::size_t>(pairs()) * kLayout.outputs * kHalfStepBytes;
    for (int p = 0; p < kLayout.panels(shape_.rows); ++p) {
      const auto sums = strip<Bf16, kRows>(a, stride_bytes, keys_ + static_cast<std::size_t>(p) * panel_bytes,
                                           static_cast<int>(pairs()));
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          store(All{}, scores_ + r * padded_ + p * kLayout.outputs + v * kLanes, sums.of[r][v]);
        }
      }
    }
  }

  // Scores become the shares that they have in their row, but for the division by the row's sum.
  template <int kRows>
  __attribute__((noinline)) void share(float* inverse_sums) {
    for (int r = 0; r < kRows; ++r) {
      const float* row = scores_ + r * padded_;
      Bf16::RowValue* out = shares_ + r * padded_;
      const Vector lowest = all(-1e30F);
      Vector highest = lowest, sums{};
      each_vector(shape_.rows, [&](int i, auto lanes) {
        highest = max(highest, select(lanes, load(lanes, row + i), lowest));
      });
      highest = all(most(highest));
      int end = 0;
      each_vector(shape_.rows, [&](int i, auto lanes) {
        const Vector power = select(lanes, exp2_of(load(lanes, row + i) - highest), Vector{});
        sums += power;
        Bf16::store(All{}, out + i, power);
        end = i + kLanes;
      });
      for (; end < static_cast<int>(padded_); end += kLanes) Bf16::store(All{}, out + end, Vector{});
      inverse_sums[r] = 1 / total(sums);
    }
  }

  template <int kRows>
  __attribute__((noinline)) void gather(float* out, const float* inverse_sums) {
    for (int p = 0; p < kLayout.panels(shape_.head_width); ++p) {
      const auto sums = strip<Bf16, kRows>(reinterpret_cast<const std::byte*>(shares_),
                                           static_cast<std::size_t>(padded_) * sizeof(Bf16::RowValue),
                                           values_ + static_cast<std::size_t>(p) * layout_.value_panel_bytes,
                                           static_cast<int>(padded_) / 2);
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const int column = p * kLayout.outputs + v * kLanes, left = shape_.head_width - column;
          const Vector x = sums.of[r][v] * all(inverse_sums[r]);
          float* target = out + r * (stride_ / 3) + column;
          if (left >= kLanes) {
            store(All{}, target, x);
          } else if (left > 0) {
            store(lanes_below(left), target, x);
          }
        }
      }
    }
  }

  const AttentionShape shape_;
  const AttentionMemory layout_;
  const std::ptrdiff_t stride_;  // values from row to row
  const std::uint16_t* queries_;
  const std::ptrdiff_t padded_;  // rows, to whole panels
  std::byte* keys_;
  std::byte* values_;
  float* scores_;
  Bf16::RowValue* shares_;
  float* strip_queries_;
};

std::size_t attention_bytes(const AttentionShape& shape) { return AttentionMemory(shape).total(); }

void attend(const AttentionShape& shape, int head, const std::uint16_t* qkv, float* out, std::byte* memory) {
  Head(shape, head, qkv, memory).run(out + head * shape.head_width);
}

}  // namespace
}  // namespace plimsoll::kernels
