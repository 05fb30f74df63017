// Weights of layers that do not stay in memory: read ahead of the layer that runs, dropped after it. At most
// two layers are in flight: the one that runs, and the next one, which two threads read meanwhile, piece by
// piece.
// Layers run in the same order for every token, so the next one is always known.
//
// The kernel's own way, dropping what was used longest ago, throws away exactly the layer that comes next.
//
// Belongs to the engine's thread, as the device that asks it does.
#pragma once

#include <array>
#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>
#include <vector>

#include "engine/streamed_layer.h"
#include "plimsoll/memory.h"

namespace plimsoll::engine {

class LayerStream {
 public:
  /// Reads ahead at once. `slots` have the largest layer's bytes each.
  /// REQUIRES: at least one layer, in the order in which they run; they and `file` outlive it.
  LayerStream(const WeightFile& file, std::vector<const StreamedLayer*> layers, std::array<Buffer, 2> slots);
  ~LayerStream();
  LayerStream(const LayerStream&) = delete;
  LayerStream& operator=(const LayerStream&) = delete;

  /// Index of the layer that `weight` belongs to; -1 when it stays in memory.
  int layer_of(const ggml_tensor* weight) const;

  /// Blocking until the layer's weights are there, and points its tensors at them; the layer that ran before
  /// is given up. Fails with `io`.
  Expected<void> enter(int layer);
  /// The layer entered last is given up.
  void leave();

  std::uint64_t bytes_read() const;

 private:
  enum class SlotState { empty, reading, ready, running };
  struct Slot {
    Buffer memory;
    SlotState state = SlotState::empty;
    int layer = -1;
    std::size_t begun = 0;  // pieces of it, while it is read
    std::size_t ended = 0;
    bool failed = false;
  };

  void read_ahead();
  Slot* begin_reading();
  const StreamedLayer& layer_in(const Slot& slot) const {
    return *layers_[static_cast<std::size_t>(slot.layer)];
  }
  void stop_running();
  int after(int layer) const;
  Slot* find(int layer);
  std::optional<int> layer_to_read();
  Slot* slot_to_fill();

  const WeightFile& file_;
  const std::vector<const StreamedLayer*> layers_;
  std::unordered_map<const ggml_tensor*, int> layer_of_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::array<Slot, 2> slots_;
  int turn_ = 0;  // the layer that runs, or the one to run next
  std::optional<Error> failure_;
  bool ending_ = false;
  std::uint64_t bytes_read_ = 0;
  std::array<std::thread, 2> readers_;
};

}  // namespace plimsoll::engine
