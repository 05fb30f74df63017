// Where a language model's weights lie while it lives. llama.cpp says which tensors there are and which
// layout each wants; this puts data behind them:
//   mapped    pages of the model's file, charged, because every token touches all of them
//   repacked  copied into a layout that ggml computes faster with
//   streamed  layers come and go as they run (LayerStream), except those that there is room for
// Token embeddings are read row by row; they stay mapped and are not charged.
// Belongs to one thread.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "engine/governed_device.h"
#include "engine/layer_stream.h"
#include "engine/layers_to_keep.h"
#include "engine/weight_file.h"
#include "llama.h"
#include "plimsoll/cancel.h"

namespace plimsoll::engine {

/// Share of the load that is done, from 0 to 1.
using Progress = std::function<void(float share)>;

enum class WeightLayout {
  repacked,  // where ggml has a faster layout for a weight; the others as in `plain`
  plain,     // mapped as they lie in the file
  streamed,
};

class TextWeights {
 public:
  /// Sorts the weights of a model that was loaded from `file` with `no_alloc` on `device`; brings nothing in
  /// yet. Fails with `io` or `invalid_argument`. REQUIRES: `model` and `device` outlive it.
  static Expected<std::unique_ptr<TextWeights>> open(llama_model& model, GovernedDevice& device,
                                                     std::shared_ptr<WeightFile> file, WeightLayout layout);
  ~TextWeights();

  /// What fill() charges: everything but layers that are streamed.
  std::size_t fixed_bytes() const;
  /// Of those, memory of our own instead of pages of the file.
  std::size_t private_bytes() const;

  /// Brings in what fixed_bytes() counts. Blocking.
  /// Fails with `over_budget`, `out_of_memory`, `io` or `cancelled`; then only its destructor may be called.
  Expected<void> fill(const Progress& progress, const CancelFlagPtr& cancel);

  bool streamed() const { return layout_ == WeightLayout::streamed; }
  /// Bytes of each layer that may be streamed, in the order in which they run.
  std::vector<std::size_t> layer_bytes() const;

  /// Keeps as many layers in memory as fit into `room` bytes, see layers_to_keep(), and streams the others.
  /// Blocking: reads what comes in. Fails with `over_budget`, `out_of_memory` or `io`; then none is there.
  /// REQUIRES: streamed().
  Expected<void> keep_layers(std::size_t room);
  /// Bytes a second that the file gives, found out by reading one layer as streaming would; 0 when there is
  /// none or it can not be read. Blocking, tens of milliseconds. REQUIRES: streamed().
  double measure_reading() const;
  /// Whether keep_layers() has done its work.
  bool settled() const { return settled_; }
  /// Pages of the file that are read here and there, uncharged.
  std::size_t mapped_bytes() const { return mapped_bytes_; }

  /// Lets every second layer that is kept go, to be streamed from now on; until keep_layers() decides anew.
  /// Blocking, but reads nothing. REQUIRES: no graph runs. Fails as keep_layers() does; then none is there.
  Expected<void> keep_fewer_layers();
  /// Gives back all layers and the slots; keep_layers() must come before the next graph.
  void drop_layers();

  /// Whether the file was damaged under the model's feet: what was computed since is worthless.
  bool damaged() const { return file_->damaged(); }
  Error damage_error() const { return file_->damage_error(); }

 private:
  struct FreeBuffer {
    void operator()(ggml_backend_buffer_t buffer) const { ggml_backend_buffer_free(buffer); }
  };
  using GgmlBuffer = std::unique_ptr<ggml_backend_buffer, FreeBuffer>;
  struct Layer {
    StreamedLayer weights;
    Buffer memory;  // while it is kept
  };

  // Of one kind of treatment, in the order of the file.
  struct Sorted {
    std::vector<ggml_tensor*> scattered, whole, kept;
    std::map<ggml_backend_buffer_type_t, std::vector<ggml_tensor*>> repacked;
  };
  // Of a mapped file.
  struct Piece {
    const MappedFile* file;
    std::size_t offset, bytes;
  };
  using Step = std::function<bool(std::size_t bytes)>;  // false: stop, the load was cancelled

  TextWeights(GovernedDevice& device, std::shared_ptr<WeightFile> file, WeightLayout layout)
      : device_(device), file_(std::move(file)), layout_(layout) {}

  Expected<void> sort(ggml_tensor* tensor);
  Expected<void> map_scattered();
  Expected<void> map_charged(const Step& step);
  Expected<void> warm(const std::vector<Piece>& pieces, const Step& step);
  Expected<void> repack(const std::vector<ggml_tensor*>& tensors, const Step& step);
  Expected<void> read_small();
  void add_to_layer(ggml_tensor* tensor, int layer);
  void announce_layers();
  void lay_out_layers();
  Expected<void> bring_in(Layer& layer);
  Expected<void> stream_others();

  GovernedDevice& device_;
  std::shared_ptr<WeightFile> file_;
  WeightLayout layout_;
  bool settled_ = false;  // keep_layers() has decided, and nobody changed that
  Sorted sorted_;
  std::size_t mapped_bytes_ = 0;
  std::vector<GgmlBuffer> buffers_;
  std::vector<Reservation> charges_;
  std::vector<Buffer> memory_;
  std::vector<Layer> layers_;
  std::unique_ptr<LayerStream> stream_;
};

}  // namespace plimsoll::engine
