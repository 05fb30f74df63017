#include "engine/streamed_layer.h"

#include <algorithm>
#include <tuple>

namespace plimsoll::engine {

namespace {

// What lies between two tensors of a layer is norms: reading over them beats another read.
constexpr std::uint64_t kWorthReadingOver = 64 * 1024;

}  // namespace

void StreamedLayer::lay_out() {
  std::sort(weights_.begin(), weights_.end(), [](const Weight& a, const Weight& b) {
    return std::tie(a.place.part, a.place.offset) < std::tie(b.place.part, b.place.offset);
  });
  extents_.clear();
  for (const Weight& weight : weights_) {
    const std::uint64_t end = weight.place.offset + weight.place.bytes;
    if (!extents_.empty()) {
      WeightFile::Place& last = extents_.back().place;
      if (last.part == weight.place.part &&
          weight.place.offset <= last.offset + last.bytes + kWorthReadingOver) {
        last.bytes = std::max<std::uint64_t>(last.offset + last.bytes, end) - last.offset;
        continue;
      }
    }
    extents_.push_back({weight.place, 0});
  }
  bytes_ = 0;
  for (Extent& extent : extents_) {
    extent.at = bytes_;
    bytes_ += WeightFile::span_bytes(extent.place);
  }
  for (Weight& weight : weights_) {
    const Extent& extent = *std::find_if(extents_.rbegin(), extents_.rend(), [&](const Extent& e) {
      return e.place.part == weight.place.part && e.place.offset <= weight.place.offset;
    });
    weight.at =
        extent.at + WeightFile::begin_in_span(extent.place) + (weight.place.offset - extent.place.offset);
  }
}

Expected<void> StreamedLayer::read(const WeightFile& file, std::byte* memory) const {
  for (const Extent& extent : extents_) {
    if (auto read = file.read_span(extent.place, memory + extent.at); !read) return read;
  }
  return {};
}

void StreamedLayer::point_at(std::byte* memory) const {
  for (const Weight& weight : weights_) weight.tensor->data = memory + weight.at;
}

}  // namespace plimsoll::engine
