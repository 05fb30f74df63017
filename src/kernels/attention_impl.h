// Attention of one head, for one instruction set.
#pragma once

#include "kernels/attention.h"
#include "kernels/strip.h"

namespace plimsoll::kernels {
namespace {

std::size_t padded_rows(int rows) { return static_cast<std::size_t>(kLayout.panels(rows) * kLayout.outputs); }

// One head's keys and values as packed matrices, and a strip's queries and scores; all of it stays in the
// processor's caches. Scales are there only where whole numbers are multiplied.
struct AttentionMemory {
  explicit AttentionMemory(const AttentionShape& shape)
      : rows(padded_rows(shape.rows)),
        width(static_cast<std::size_t>(shape.head_width)),
        padded_width(padded_rows(shape.head_width)),
        keys(0),
        values(keys + aligned(rows * key_steps(shape) * 2 * kHalf)),
        score_stride(apart(rows * sizeof(float)) / sizeof(float)),
        share_stride(apart(rows * kHalf) / kHalf),
        scores(values + rows * padded_width * kHalf),
        shares(scores + score_stride * kStripRows * sizeof(float)),
        queries(shares + share_stride * kStripRows * kHalf),
        key_scales(queries + (Attended::kWhole ? aligned(width * kStripRows * kHalf) : 0)),
        value_scales(key_scales + (Attended::kWhole ? aligned(rows * sizeof(float)) : 0)),
        end(value_scales + (Attended::kWhole ? aligned(padded_width * sizeof(float)) : 0)) {}

  static std::size_t key_steps(const AttentionShape& shape) {
    return static_cast<std::size_t>(kLayout.steps(Precision::bf16, shape.head_width));
  }

  static constexpr std::size_t kHalf = sizeof(std::uint16_t);
  std::size_t rows, width, padded_width;
  std::size_t keys, values;  // where each begins
  std::size_t score_stride, share_stride;
  std::size_t scores, shares, queries, key_scales, value_scales, end;
};

class Head {
 public:
  Head(const AttentionShape& shape, int head, const std::uint16_t* qkv, std::byte* memory)
      : shape_(shape),
        layout_(shape),
        limit_(shape.head_width <= 64 ? Attended::kLimit : Attended::kLimit * 8 / root(shape.head_width)),
        stride_(3 * shape.heads * shape.head_width),
        queries_(qkv + head * shape.head_width),
        padded_(static_cast<std::ptrdiff_t>(layout_.rows)),
        score_stride_(static_cast<std::ptrdiff_t>(layout_.score_stride)),
        share_stride_(static_cast<std::ptrdiff_t>(layout_.share_stride)),
        keys_(memory + layout_.keys),
        values_(memory + layout_.values),
        scores_(reinterpret_cast<float*>(memory + layout_.scores)),
        shares_(reinterpret_cast<std::uint16_t*>(memory + layout_.shares)),
        whole_queries_(reinterpret_cast<std::uint16_t*>(memory + layout_.queries)),
        key_scales_(reinterpret_cast<float*>(memory + layout_.key_scales)),
        value_scales_(reinterpret_cast<float*>(memory + layout_.value_scales)) {
    pack_keys(queries_ + stride_ / 3);
    pack_values(queries_ + stride_ / 3 * 2);
  }

  // `out`: this head's part of the first row.
  void run(float* out) {
    const StripScope scope;
    each_strip(shape_.rows, [&](int first, auto rows) {
      float inverse_sums[kStripRows];
      score(first, rows);
      share(rows, inverse_sums);
      gather(out + first * (stride_ / 3), rows, inverse_sums);
    });
  }

 private:
  static float root(int x) { return __builtin_sqrtf(static_cast<float>(x)) + 1e-3F; }
  // Of values, to whole steps.
  std::ptrdiff_t pairs() const { return kLayout.steps(Precision::bf16, shape_.head_width); }
  static Vector as_floats(Words halves) { return reinterpret_cast<Vector>(halves << 16); }

  // A row of one head as whole numbers; returns what their unit is worth.
  float round_row(const std::uint16_t* from, std::uint16_t* to) const {
    Vector largest{};
    each_vector(shape_.head_width, [&](int i, auto lanes) {
      largest = max(largest, magnitude(as_floats(load_halves(lanes, from + i))));
    });
    const float limit = most(largest);
    const Vector inverse = all(limit > 0 ? limit_ / limit : 0);
    each_vector(shape_.head_width, [&](int i, auto lanes) {
      Attended::store(lanes, reinterpret_cast<std::byte*>(to + i),
                      as_floats(load_halves(lanes, from + i)) * inverse);
    });
    return limit / limit_;
  }

  // A step is the next two values of each key of a panel.
  void pack_keys(const std::uint16_t* keys) {
    auto* out = reinterpret_cast<std::uint32_t*>(keys_);
    for (std::ptrdiff_t row = 0; row < padded_; ++row) {
      std::uint32_t* column = out + row / kLayout.outputs * pairs() * kLayout.outputs + row % kLayout.outputs;
      const bool there = row < shape_.rows;
      const std::uint16_t* key = keys + row * stride_;
      if constexpr (Attended::kWhole) {
        key_scales_[row] = there ? round_row(key, whole_queries_) : 0;
        key = whole_queries_;
      }
      for (std::ptrdiff_t pair = 0; pair < pairs(); ++pair) {
        std::uint32_t bits = 0;
        if (there && pair * 2 < shape_.head_width) __builtin_memcpy(&bits, key + pair * 2, sizeof(bits));
        column[pair * kLayout.outputs] = bits;
      }
    }
  }

  // A panel is some places of the value; a step is those of the next two rows.
  void pack_values(const std::uint16_t* values) {
    const std::size_t panel_bytes = layout_.rows * kLayout.outputs * sizeof(std::uint16_t);
    for (int panel = 0; panel < kLayout.panels(shape_.head_width); ++panel) {
      auto* steps = reinterpret_cast<int*>(values_ + static_cast<std::size_t>(panel) * panel_bytes);
      for (int v = 0; v < kVectors; ++v) {
        const int column = panel * kLayout.outputs + v * kLanes;
        const Vector inverse = scale_values(values, column);
        int* out = steps + v * kLanes;
        for (std::ptrdiff_t row = 0; row < padded_; row += 2, out += kLayout.outputs) {
          Words first = widened(values, row, column), second = widened(values, row + 1, column);
          if constexpr (Attended::kWhole) {
            first = rounded(as_floats(first) * inverse) & 0xffff;
            second = rounded(as_floats(second) * inverse);
          }
          store_words(first | (second << 16), out);
        }
      }
    }
  }

  // Of a vector of columns: writes down what their unit is worth, returns how many make one.
  Vector scale_values(const std::uint16_t* values, int column) {
    if constexpr (!Attended::kWhole) return Vector{};
    Vector largest = all(1e-30F);
    for (std::ptrdiff_t row = 0; row < shape_.rows; ++row) {
      largest = max(largest, magnitude(as_floats(widened(values, row, column))));
    }
    store(All{}, value_scales_ + column, largest * all(1 / Attended::kValueLimit));
    return all(Attended::kValueLimit) / largest;
  }

  Words widened(const std::uint16_t* values, std::ptrdiff_t row, int column) const {
    const int left = shape_.head_width - column;
    if (row >= shape_.rows || left <= 0) return Words{};
    const std::uint16_t* from = values + row * stride_ + column;
    return left >= kLanes ? load_halves(All{}, from) : load_halves(lanes_below(left), from);
  }

  // Not inlined, these three: each wants all vector registers for itself.
  template <typename Rows>
  __attribute__((noinline)) void score(int first, Rows strip_rows) {
    const int count = strip_rows;
    const std::uint16_t* rows = queries_ + first * stride_;
    auto stride = static_cast<std::size_t>(stride_);
    float scales[kStripRows];
    if constexpr (Attended::kWhole) {
      stride = layout_.width;
      for (int r = 0; r < count; ++r) {
        scales[r] = round_row(rows + r * stride_, whole_queries_ + static_cast<std::size_t>(r) * stride);
      }
      rows = whole_queries_;
    }
    const std::size_t panel_bytes =
        static_cast<std::size_t>(pairs()) * kLayout.outputs * 2 * sizeof(std::uint16_t);
    for (int p = 0; p < kLayout.panels(shape_.rows); ++p) {
      const std::byte* panel = keys_ + static_cast<std::size_t>(p) * panel_bytes;
      float* to = scores_ + p * kLayout.outputs;
      strip_to<Attended>(reinterpret_cast<const std::byte*>(rows), stride * sizeof(std::uint16_t), panel,
                         static_cast<int>(pairs()), strip_rows, to, layout_.score_stride);
      if constexpr (!Attended::kWhole) continue;
      for (int r = 0; r < count; ++r, to += score_stride_) {
        for (int v = 0; v < kLayout.outputs; v += kLanes) {
          const Vector scale = all(scales[r]) * load(All{}, key_scales_ + p * kLayout.outputs + v);
          store(All{}, to + v, load(All{}, to + v) * scale);
        }
      }
    }
  }

  // Scores become the shares that they have in their row, but for the division by the row's sum.
  __attribute__((noinline)) void share(int count, float* inverse_sums) {
    for (int r = 0; r < count; ++r) {
      const float* row = scores_ + r * score_stride_;
      auto* out = reinterpret_cast<std::byte*>(shares_ + r * share_stride_);
      const Vector lowest = all(-1e30F);
      Vector highest = lowest, sums{};
      each_vector(shape_.rows, [&](int i, auto lanes) {
        highest = max(highest, select(lanes, load(lanes, row + i), lowest));
      });
      highest = all(most(highest) - Attended::kShareExponent);
      int end = 0;
      each_vector(shape_.rows, [&](int i, auto lanes) {
        const Vector power = select(lanes, exp2_of(load(lanes, row + i) - highest), Vector{});
        sums += Attended::kWhole ? round(power) : power;
        Attended::store(All{}, out + static_cast<std::size_t>(i) * sizeof(std::uint16_t), power);
        end = i + kLanes;
      });
      for (; end < static_cast<int>(padded_); end += kLanes) {
        Attended::store(All{}, out + static_cast<std::size_t>(end) * sizeof(std::uint16_t), Vector{});
      }
      inverse_sums[r] = 1 / total(sums);
    }
  }

  template <typename Rows>
  __attribute__((noinline)) void gather(float* out, Rows strip_rows, const float* inverse_sums) {
    const int strip_count = strip_rows;
    const auto rows = static_cast<int>(padded_);
    for (int p = 0; p < kLayout.panels(shape_.head_width); ++p) {
      const std::byte* panel =
          values_ + static_cast<std::size_t>(p) * layout_.rows * kLayout.outputs * sizeof(std::uint16_t);
      Vector totals[Rows::kMost][kVectors] = {};
      for (int first = 0, count = 0; first < rows; first += count) {
        count = rows - first < Attended::kChunkRows ? rows - first : Attended::kChunkRows;
        const auto begin = static_cast<std::size_t>(first) * sizeof(std::uint16_t);
        const auto sums = strip<Attended>(reinterpret_cast<const std::byte*>(shares_) + begin,
                                          layout_.share_stride * sizeof(std::uint16_t),
                                          panel + begin * kLayout.outputs, count / 2, strip_rows);
#pragma GCC unroll 6
        for (int r = 0; r < strip_count; ++r) {
#pragma GCC unroll 4
          for (int v = 0; v < kVectors; ++v) totals[r][v] += numbers(sums.of[r][v]);
        }
      }
#pragma GCC unroll 6
      for (int r = 0; r < strip_count; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const int column = p * kLayout.outputs + v * kLanes, left = shape_.head_width - column;
          Vector x = totals[r][v] * all(inverse_sums[r]);
          if constexpr (Attended::kWhole) x *= load(All{}, value_scales_ + column);
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
  const float limit_;            // of whole numbers in queries and keys
  const std::ptrdiff_t stride_;  // values from row to row
  const std::uint16_t* queries_;
  const std::ptrdiff_t padded_;  // rows, to whole panels
  const std::ptrdiff_t score_stride_, share_stride_;
  std::byte* keys_;
  std::byte* values_;
  float* scores_;
  std::uint16_t* shares_;
  std::uint16_t* whole_queries_;
  float* key_scales_;
  float* value_scales_;
};

std::size_t attention_bytes(const AttentionShape& shape) { return AttentionMemory(shape).end; }

void attend(const AttentionShape& shape, int head, const std::uint16_t* qkv, float* out, std::byte* memory) {
  Head(shape, head, qkv, memory).run(out + head * shape.head_width);
}

}  // namespace
}  // namespace plimsoll::kernels
