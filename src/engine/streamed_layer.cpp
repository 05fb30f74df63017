#include "engine/streamed_layer.h"

#include <algorithm>
#include <tuple>

namespace plimsoll::engine {

namespace {

// What lies between two tensors of a layer is norms: reading over them beats another read.
constexpr std::uint64_t kWorthReadingOver = 64 * 1024;
constexpr std::uint64_t kPieceBytes = 2 * 1024 * 1024;

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
  cut_into_pieces();
}

// Each begins and ends between two blocks of the file, but for an extent's own ends.
void StreamedLayer::cut_into_pieces() {
  pieces_.clear();
  for (const Extent& extent : extents_) {
    const std::uint64_t begin = extent.place.offset - WeightFile::begin_in_span(extent.place);
    const std::uint64_t end = extent.place.offset + extent.place.bytes;
    for (std::uint64_t at = begin; at < end; at += kPieceBytes) {
      const std::uint64_t from = std::max(at, extent.place.offset), to = std::min(at + kPieceBytes, end);
      pieces_.push_back({{extent.place.part, from, to - from}, extent.at + (at - begin)});
    }
  }
}

Expected<void> StreamedLayer::read(const WeightFile& file, std::byte* memory) const {
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    if (auto read = read_piece(i, file, memory); !read) return read;
  }
  return {};
}

Expected<void> StreamedLayer::read_piece(std::size_t piece, const WeightFile& file, std::byte* memory) const {
  return file.read_span(pieces_[piece].place, memory + pieces_[piece].at);
}

void StreamedLayer::point_at(std::byte* memory) const {
  for (const Weight& weight : weights_) weight.tensor->data = memory + weight.at;
}

}  // namespace plimsoll::engine
