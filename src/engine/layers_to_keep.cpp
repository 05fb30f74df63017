#include "engine/layers_to_keep.h"

#include <algorithm>

namespace plimsoll::engine {

namespace {

std::size_t largest_streamed(const std::vector<std::size_t>& layer_bytes, const std::vector<bool>& kept) {
  std::size_t largest = 0;
  for (std::size_t i = 0; i < kept.size(); ++i) largest = std::max(largest, kept[i] ? 0 : layer_bytes[i]);
  return largest;
}

LayersToKeep keep(const std::vector<std::size_t>& layer_bytes, std::size_t streamed) {
  const std::size_t count = layer_bytes.size();
  LayersToKeep choice{.kept = std::vector<bool>(count, true)};
  for (std::size_t i = 0; i < streamed; ++i) choice.kept[(2 * i + 1) * count / (2 * streamed)] = false;
  for (std::size_t i = 0; i < count; ++i)
    (choice.kept[i] ? choice.bytes : choice.read_bytes) += layer_bytes[i];
  if (streamed > 0) choice.bytes += 2 * largest_streamed(layer_bytes, choice.kept);
  return choice;
}

}  // namespace

LayersToKeep layers_to_keep(const std::vector<std::size_t>& layer_bytes, std::size_t room) {
  std::size_t streamed = 0;
  LayersToKeep choice = keep(layer_bytes, streamed);
  while (choice.bytes > room && streamed < layer_bytes.size()) choice = keep(layer_bytes, ++streamed);
  return choice;
}

}  // namespace plimsoll::engine
