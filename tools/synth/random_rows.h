#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "synth/tensor_spec.h"

namespace plimsoll::synth {

// Rows [first, first + count) of a tensor, in its own type. A row depends on the seed, the tensor's name and
// the row's number alone, so that any number of threads makes the same bytes. Thread-safe.
std::vector<std::byte> make_rows(const TensorSpec& tensor, std::uint64_t seed, std::int64_t first,
                                 std::int64_t count);

}  // namespace plimsoll::synth
