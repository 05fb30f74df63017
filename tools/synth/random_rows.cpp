#include "synth/random_rows.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace plimsoll::synth {
namespace {

// splitmix64: the standard library's distributions differ between implementations, our bytes must not.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9U;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBU;
  return value ^ (value >> 31);
}

class RandomStream {
 public:
  explicit RandomStream(std::uint64_t seed) : state_(seed) {}

  // The sum of four uniform numbers of 16 bits: close to normal, never beyond 3.5 deviations.
  float next_normal() {
    constexpr float kMean = 2.0F * 65535.0F;
    constexpr float kDeviation = 37836.7F;  // sqrt(4 / 12) * 65535
    state_ += 0x9E3779B97F4A7C15U;
    const std::uint64_t bits = mixed(state_);
    const std::uint64_t sum =
        (bits & 0xFFFFU) + ((bits >> 16) & 0xFFFFU) + ((bits >> 32) & 0xFFFFU) + (bits >> 48);
    return (static_cast<float>(sum) - kMean) / kDeviation;
  }

 private:
  std::uint64_t state_;
};

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325U;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3U;
  return hash;
}

void fill_row(const TensorSpec& tensor, std::uint64_t tensor_seed, std::int64_t row,
              std::span<float> values) {
  if (std::ranges::binary_search(tensor.zero_rows, row)) {
    std::ranges::fill(values, 0.0F);
    return;
  }
  RandomStream random(mixed(tensor_seed + static_cast<std::uint64_t>(row)));
  for (float& value : values) value = tensor.mean + tensor.deviation * random.next_normal();
}

}  // namespace

std::vector<std::byte> make_rows(const TensorSpec& tensor, std::uint64_t seed, std::int64_t first,
                                 std::int64_t count) {
  const auto columns = static_cast<std::size_t>(tensor.columns());
  const std::uint64_t tensor_seed = mixed(seed ^ fnv1a(tensor.name));
  std::vector<float> values(columns * static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const auto row = std::span(values).subspan(static_cast<std::size_t>(i) * columns, columns);
    fill_row(tensor, tensor_seed, first + i, row);
  }
  std::vector<std::byte> bytes(ggml_row_size(tensor.type, tensor.columns()) *
                               static_cast<std::size_t>(count));
  ggml_quantize_chunk(tensor.type, values.data(), bytes.data(), 0, count, tensor.columns(), nullptr);
  return bytes;
}

}  // namespace plimsoll::synth
