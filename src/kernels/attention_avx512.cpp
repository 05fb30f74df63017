#include "kernels/attention.h"
#include "kernels/avx512.h"

namespace plimsoll::kernels {

namespace {

constexpr std::size_t kAlignment = 64;
std::size_t aligned(std::size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

std::size_t padded_rows(int rows) { return static_cast<std::size_t>(panels(rows)) * kPanelOutputs; }

// One head's keys and values as packed matrices, and a strip of scores; all of it stays in the processor's
// caches.
struct Memory {
  explicit Memory(const AttentionShape& shape)
      : key_bytes(padded_rows(shape.rows) * static_cast<std::size_t>(shape.head_width) *
                  sizeof(std::uint16_t)),
        value_panel_bytes(padded_rows(shape.rows) * kPanelOutputs * sizeof(std::uint16_t)),
        value_bytes(value_panel_bytes * static_cast<std::size_t>(panels(shape.head_width))),
        score_bytes(padded_rows(shape.rows) * kStripRows * sizeof(float)),
        share_bytes(padded_rows(shape.rows) * kStripRows * sizeof(std::uint16_t)) {}

  std::size_t total() const { return aligned(key_bytes) + value_bytes + score_bytes + aligned(share_bytes); }

  std::size_t key_bytes, value_panel_bytes, value_bytes, score_bytes, share_bytes;
};

class Head {
 public:
  Head(const AttentionShape& shape, int head, const std::uint16_t* qkv, std::byte* memory)
      : shape_(shape),
        layout_(shape),
        stride_(3 * shape.heads * shape.head_width),
        queries_(qkv + head * shape.head_width),
        padded_(panels(shape.rows) * kPanelOutputs),
        keys_(memory),
        values_(keys_ + aligned(layout_.key_bytes)),
        scores_(reinterpret_cast<float*>(values_ + layout_.value_bytes)),
        shares_(reinterpret_cast<std::uint16_t*>(values_ + layout_.value_bytes + layout_.score_bytes)) {
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
  static std::size_t row_bytes(std::ptrdiff_t values) {
    return static_cast<std::size_t>(values) * sizeof(std::uint16_t);
  }

  // A panel is 64 keys; a step is the next two values of each.
  void pack_keys(const std::uint16_t* keys) {
    auto* out = reinterpret_cast<std::uint32_t*>(keys_);
    for (std::ptrdiff_t row = 0; row < padded_; ++row) {
      std::uint32_t* column = out + row / kPanelOutputs * pairs() * kPanelOutputs + row % kPanelOutputs;
      const bool there = row < shape_.rows;
      for (std::ptrdiff_t pair = 0; pair < pairs(); ++pair) {
        std::uint32_t bits = 0;
        if (there) __builtin_memcpy(&bits, keys + row * stride_ + pair * 2, sizeof(bits));
        column[pair * kPanelOutputs] = bits;
      }
    }
  }

  // A panel is 64 places of the value; a step is those of the next two rows.
  void pack_values(const std::uint16_t* values) {
    for (int panel = 0; panel < panels(shape_.head_width); ++panel) {
      auto* out = reinterpret_cast<std::uint32_t*>(values_ + static_cast<std::size_t>(panel) *
                                                                 layout_.value_panel_bytes);
      for (std::ptrdiff_t row = 0; row < padded_; row += 2, out += kPanelOutputs) {
        for (int v = 0; v < kVectors; ++v) {
          const int column = panel * kPanelOutputs + v * kLanes;
          const __m512i first = widened(values, row, column), second = widened(values, row + 1, column);
          _mm512_store_si512(out + v * kLanes, _mm512_or_si512(first, _mm512_slli_epi32(second, 16)));
        }
      }
    }
  }

  __m512i widened(const std::uint16_t* values, std::ptrdiff_t row, int column) const {
    if (row >= shape_.rows) return _mm512_setzero_si512();
    const __mmask16 mask = lanes_below(shape_.head_width - column, 0);
    return _mm512_cvtepu16_epi32(_mm256_maskz_loadu_epi16(mask, values + row * stride_ + column));
  }

  template <int kRows>
  void score(int first) {
    const auto* a = reinterpret_cast<const std::byte*>(queries_ + first * stride_);
    const std::ptrdiff_t panel_bytes = pairs() * kPanelOutputs * kStepBytes;
    for (int p = 0; p < panels(shape_.rows); ++p) {
      const auto sums =
          strip<Bf16, kRows>(a, row_bytes(stride_), keys_ + p * panel_bytes, static_cast<int>(pairs()));
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          _mm512_store_ps(scores_ + r * padded_ + p * kPanelOutputs + v * kLanes, sums.of[r][v]);
        }
      }
    }
  }

  // Scores become the shares that they have in their row, but for the division by the row's sum.
  template <int kRows>
  void share(float* inverse_sums) {
    const int count = shape_.rows;
    for (int r = 0; r < kRows; ++r) {
      const float* row = scores_ + r * padded_;
      std::uint16_t* out = shares_ + r * padded_;
      const __m512 least = _mm512_set1_ps(-1e30F);
      __m512 most = least, sums = _mm512_setzero_ps();
      for (int i = 0; i < count; i += kLanes) {
        most = _mm512_max_ps(most, _mm512_mask_loadu_ps(least, lanes_below(count - i, 0), row + i));
      }
      most = _mm512_set1_ps(_mm512_reduce_max_ps(most));
      for (int i = 0; i < static_cast<int>(padded_); i += kLanes) {
        const __m512 away = _mm512_sub_ps(_mm512_load_ps(row + i), most);
        const __m512 power = _mm512_maskz_mov_ps(lanes_below(count - i, 0), exp2_of(away));
        sums = _mm512_add_ps(sums, power);
        _mm256_store_si256(reinterpret_cast<__m256i*>(out + i),
                           reinterpret_cast<__m256i>(_mm512_cvtneps_pbh(power)));
      }
      inverse_sums[r] = 1 / _mm512_reduce_add_ps(sums);
    }
  }

  template <int kRows>
  void gather(float* out, const float* inverse_sums) {
    for (int p = 0; p < panels(shape_.head_width); ++p) {
      const auto sums = strip<Bf16, kRows>(reinterpret_cast<const std::byte*>(shares_), row_bytes(padded_),
                                           values_ + static_cast<std::size_t>(p) * layout_.value_panel_bytes,
                                           static_cast<int>(padded_) / 2);
#pragma GCC unroll 6
      for (int r = 0; r < kRows; ++r) {
#pragma GCC unroll 4
        for (int v = 0; v < kVectors; ++v) {
          const int column = p * kPanelOutputs + v * kLanes;
          _mm512_mask_storeu_ps(out + r * (stride_ / 3) + column, lanes_below(shape_.head_width - column, 0),
                                _mm512_mul_ps(sums.of[r][v], _mm512_set1_ps(inverse_sums[r])));
        }
      }
    }
  }

  const AttentionShape shape_;
  const Memory layout_;
  const std::ptrdiff_t stride_;  // values from row to row
  const std::uint16_t* queries_;
  const std::ptrdiff_t padded_;  // rows, to whole panels
  std::byte* keys_;
  std::byte* values_;
  float* scores_;
  std::uint16_t* shares_;
};

}  // namespace

float query_factor(int head_width) {
  constexpr float kLog2OfE = 1.4426950409F;
  return kLog2OfE / __builtin_sqrtf(static_cast<float>(head_width));
}

std::size_t attention_bytes(const AttentionShape& shape) { return Memory(shape).total(); }

void attend(const AttentionShape& shape, int head, const std::uint16_t* qkv, float* out, std::byte* memory) {
  Head(shape, head, qkv, memory).run(out + head * shape.head_width);
}

}  // namespace plimsoll::kernels
