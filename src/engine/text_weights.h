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
#include <memory>
#include <vector>

#include "base/cancel.h"
#include "engine/governed_device.h"
#include "engine/layer_stream.h"
#include "engine/weight_file.h"
#include "llama.h"

namespace plimsoll::engine {

/// Share of the load that is done, from 0 to 1.
using Progress = std::function<void(float share)>;

class TextWeights {
 public:
  /// Fills a model that was loaded with `no_alloc` on `device`. When `streamed`, no layer is brought in yet.
  /// Fails with `over_budget`, `out_of_memory`, `io` or `cancelled`. REQUIRES: `model` and `device` outlive
  /// it.
  static Expected<std::unique_ptr<TextWeights>> fill(llama_model& model, GovernedDevice& device,
                                                     const std::filesystem::path& path, bool streamed,
                                                     const Progress& progress, const CancelFlagPtr& cancel);
  ~TextWeights();

  bool streamed() const { return streamed_; }
  /// How many bytes all layers that may be streamed have, and the largest of them.
  std::size_t layer_bytes() const;
  std::size_t largest_layer_bytes() const;

  /// Keeps as many layers in memory as fit into `bytes` and streams the others through two slots beside
  /// them. Blocking: reads what comes in. Fails with `over_budget`, `out_of_memory` or `io`; then none is
  /// kept and the slots are gone. REQUIRES: streamed().
  Expected<void> keep_layers(std::size_t bytes);
  /// Whether keep_layers() has done its work.
  bool settled() const { return settled_; }
  /// What the slots of streamed layers take beside the kept ones.
  std::size_t slot_bytes() const { return 2 * largest_layer_bytes(); }
  /// Pages of the file that are read here and there, uncharged.
  std::size_t mapped_bytes() const { return mapped_bytes_; }

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

  TextWeights(GovernedDevice& device, std::unique_ptr<WeightFile> file, bool streamed)
      : device_(device), file_(std::move(file)), streamed_(streamed) {}

  Expected<void> map_scattered(const std::vector<ggml_tensor*>& tensors);
  Expected<void> map_charged(const std::vector<ggml_tensor*>& tensors,
                             const std::function<bool(std::size_t)>& step);
  Expected<void> repack(const std::vector<ggml_tensor*>& tensors,
                        const std::function<bool(std::size_t)>& step);
  Expected<void> read_small(const std::vector<ggml_tensor*>& tensors);
  Expected<void> add_to_layer(ggml_tensor* tensor, int layer);
  void lay_out_layers();
  Expected<void> bring_in(Layer& layer);

  GovernedDevice& device_;
  std::unique_ptr<WeightFile> file_;
  bool streamed_;
  bool settled_ = false;
  std::size_t mapped_bytes_ = 0;
  std::vector<GgmlBuffer> buffers_;
  std::vector<Reservation> charges_;
  std::vector<Buffer> memory_;
  std::vector<Layer> layers_;
  std::unique_ptr<LayerStream> stream_;
};

}  // namespace plimsoll::engine
