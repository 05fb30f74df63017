// Which layers stay in memory when not all of them fit.
#pragma once

#include <cstddef>
#include <vector>

namespace plimsoll::engine {

struct LayersToKeep {
  std::vector<bool> kept;      // by layer
  std::size_t bytes = 0;       // of the kept ones and of the two slots that the others pass through
  std::size_t read_bytes = 0;  // of the others: read for every token
};

/// All that fit into `room` bytes, the slots included; the streamed ones are spread evenly, so that one is
/// read while kept ones run. Where not even the slots fit, none is kept and `bytes` says what they take.
LayersToKeep layers_to_keep(const std::vector<std::size_t>& layer_bytes, std::size_t room);

}  // namespace plimsoll::engine
