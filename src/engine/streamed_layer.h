// One layer's weights as they are read from the file in one go.
#pragma once

#include <cstddef>
#include <vector>

#include "engine/weight_file.h"
#include "ggml.h"

namespace plimsoll::engine {

class StreamedLayer {
 public:
  /// REQUIRES: the file has the tensor; lay_out() comes after the last one.
  void add(ggml_tensor* tensor, const WeightFile::Place& place) { weights_.push_back({tensor, place, 0}); }
  /// Finds out which tensors lie side by side and can be read together.
  void lay_out();

  bool empty() const { return weights_.empty(); }
  /// Memory that the layer needs, whole pages.
  std::size_t bytes() const { return bytes_; }

  /// Blocking. REQUIRES: `memory` is page-aligned and has bytes(). Fails with `io`.
  Expected<void> read(const WeightFile& file, std::byte* memory) const;
  /// The same in parts, in any order and by several threads at once, so that the disk has its next request
  /// while the one before is finished.
  std::size_t pieces() const { return pieces_.size(); }
  Expected<void> read_piece(std::size_t piece, const WeightFile& file, std::byte* memory) const;
  /// Points the tensors into memory that the layer was read to.
  void point_at(std::byte* memory) const;

  template <typename Visit>
  void each_tensor(Visit visit) const {
    for (const Weight& weight : weights_) visit(weight.tensor);
  }

 private:
  struct Weight {
    ggml_tensor* tensor;
    WeightFile::Place place;
    std::size_t at;  // from the beginning of the layer's memory
  };
  struct Extent {
    WeightFile::Place place;
    std::size_t at;
  };

  void cut_into_pieces();

  std::vector<Weight> weights_;
  std::vector<Extent> extents_;
  std::vector<Extent> pieces_;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll::engine
