#include "synth/weight_type.h"

#include <array>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "llama.h"

namespace plimsoll::synth {
namespace {

constexpr std::array<std::pair<std::string_view, WeightType>, 4> kNames{{{"f16", WeightType::kF16},
                                                                         {"bf16", WeightType::kBf16},
                                                                         {"q8_0", WeightType::kQ8_0},
                                                                         {"q4_0", WeightType::kQ4_0}}};

bool fits(ggml_type type, std::int64_t columns) { return columns % ggml_blck_size(type) == 0; }

ggml_type storage_type(WeightType type) {
  switch (type) {
    case WeightType::kF16:
      return GGML_TYPE_F16;
    case WeightType::kBf16:
      return GGML_TYPE_BF16;
    case WeightType::kQ8_0:
      return GGML_TYPE_Q8_0;
    case WeightType::kQ4_0:
      return GGML_TYPE_Q4_0;
  }
  throw std::invalid_argument("unknown weight type");
}

}  // namespace

std::vector<std::string> weight_type_names() {
  std::vector<std::string> names;
  names.reserve(std::size(kNames));
  for (const auto& [name, type] : kNames) names.emplace_back(name);
  return names;
}

WeightType weight_type_of(const std::string& name) {
  for (const auto& [known, type] : kNames) {
    if (name == known) return type;
  }
  throw std::invalid_argument("no such weight type: " + name);
}

std::string name_of(WeightType type) {
  for (const auto& [name, known] : kNames) {
    if (type == known) return std::string(name);
  }
  throw std::invalid_argument("unknown weight type");
}

std::uint32_t file_type_of(WeightType type) {
  switch (type) {
    case WeightType::kF16:
      return LLAMA_FTYPE_MOSTLY_F16;
    case WeightType::kBf16:
      return LLAMA_FTYPE_MOSTLY_BF16;
    case WeightType::kQ8_0:
      return LLAMA_FTYPE_MOSTLY_Q8_0;
    case WeightType::kQ4_0:
      return LLAMA_FTYPE_MOSTLY_Q4_0;
  }
  throw std::invalid_argument("unknown weight type");
}

// Rows that no block of 32 divides become F16, in llama-quantize and in the converter alike. It happens to
// one matrix: the 2.2B's v.blk.N.ffn_down, whose rows have 4304 elements.
ggml_type matrix_type(WeightType type, std::int64_t columns) {
  const ggml_type wanted = storage_type(type);
  return fits(wanted, columns) ? wanted : GGML_TYPE_F16;
}

// llama-quantize makes the output matrix of a Q4_0 file Q6_K, or Q8_0 where no block of 256 divides the rows
// (of the family only the 2.2B's rows, 2048, are divided).
ggml_type output_type(WeightType type, std::int64_t columns) {
  if (type != WeightType::kQ4_0) return matrix_type(type, columns);
  return fits(GGML_TYPE_Q6_K, columns) ? GGML_TYPE_Q6_K : matrix_type(WeightType::kQ8_0, columns);
}

}  // namespace plimsoll::synth
