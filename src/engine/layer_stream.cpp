#include "engine/layer_stream.h"

#include <algorithm>
#include <utility>

namespace plimsoll::engine {

LayerStream::LayerStream(const WeightFile& file, std::vector<const StreamedLayer*> layers,
                         std::array<Buffer, 2> slots)
    : file_(file), layers_(std::move(layers)) {
  for (std::size_t i = 0; i < slots.size(); ++i) {
    slots_[i].memory = std::move(slots[i]);
    slots_[i].memory.prefer_large_pages();
  }
  for (std::size_t i = 0; i < layers_.size(); ++i) {
    layers_[i]->each_tensor([&](const ggml_tensor* t) { layer_of_.emplace(t, static_cast<int>(i)); });
  }
  for (std::thread& reader : readers_) reader = std::thread([this] { read_ahead(); });
}

LayerStream::~LayerStream() {
  {
    std::lock_guard lock(mutex_);
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& reader : readers_) reader.join();
}

int LayerStream::layer_of(const ggml_tensor* weight) const {
  const auto found = layer_of_.find(weight);
  return found == layer_of_.end() ? -1 : found->second;
}

// All of this REQUIRES the mutex.

int LayerStream::after(int layer) const { return (layer + 1) % static_cast<int>(layers_.size()); }

LayerStream::Slot* LayerStream::find(int layer) {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    return slot.state != SlotState::empty && slot.layer == layer;
  });
  return found == slots_.end() ? nullptr : &*found;
}

std::optional<int> LayerStream::layer_to_read() {
  for (const int layer : {turn_, after(turn_)}) {
    if (find(layer) == nullptr) return layer;
  }
  return std::nullopt;
}

LayerStream::Slot* LayerStream::slot_to_fill() {
  const auto found = std::find_if(slots_.begin(), slots_.end(), [&](const Slot& slot) {
    const bool stale = slot.state == SlotState::ready && slot.layer != turn_ && slot.layer != after(turn_);
    return slot.state == SlotState::empty || stale;
  });
  return found == slots_.end() ? nullptr : &*found;
}

// One of which a piece is not begun yet; a layer is begun where there is none. nullptr: nothing is to be
// read.
LayerStream::Slot* LayerStream::begin_reading() {
  for (Slot& slot : slots_) {
    if (slot.state == SlotState::reading && !slot.failed && slot.begun < layer_in(slot).pieces())
      return &slot;
  }
  if (failure_) return nullptr;
  const auto layer = layer_to_read();
  Slot* slot = layer ? slot_to_fill() : nullptr;
  if (slot == nullptr) return nullptr;
  slot->layer = *layer;
  slot->state = SlotState::reading;
  slot->begun = slot->ended = 0;
  slot->failed = false;
  changed_.notify_all();  // the other reader may take the next piece
  return slot;
}

void LayerStream::read_ahead() {
  std::unique_lock lock(mutex_);
  while (true) {
    Slot* slot = nullptr;
    changed_.wait(lock, [&] { return ending_ || (slot = begin_reading()) != nullptr; });
    if (ending_) return;
    const StreamedLayer& layer = layer_in(*slot);
    const std::size_t piece = slot->begun++;
    lock.unlock();
    auto read = layer.read_piece(piece, file_, slot->memory.data());
    lock.lock();
    ++slot->ended;
    if (!read) {
      slot->failed = true;
      failure_ = read.error();
    }
    if (slot->ended < (slot->failed ? slot->begun : layer.pieces())) continue;
    slot->state = slot->failed ? SlotState::empty : SlotState::ready;
    if (!slot->failed) bytes_read_ += layer.bytes();
    changed_.notify_all();
  }
}

// ---- the engine's thread ----

Expected<void> LayerStream::enter(int layer) {
  std::unique_lock lock(mutex_);
  stop_running();
  turn_ = layer;
  failure_.reset();  // the disk may have recovered
  changed_.notify_all();
  Slot* slot = nullptr;
  changed_.wait(lock, [&] {
    slot = find(layer);
    return failure_ || (slot != nullptr && slot->state == SlotState::ready);
  });
  if (slot == nullptr || slot->state != SlotState::ready) return tl::unexpected(*failure_);
  slot->state = SlotState::running;
  layers_[static_cast<std::size_t>(layer)]->point_at(slot->memory.data());
  return {};
}

void LayerStream::leave() {
  {
    std::lock_guard lock(mutex_);
    stop_running();
  }
  changed_.notify_all();
}

// What ran stays where it is until the memory is wanted: two layers fit without being read again.
void LayerStream::stop_running() {
  for (Slot& slot : slots_) {
    if (slot.state != SlotState::running) continue;
    slot.state = SlotState::ready;
    turn_ = after(slot.layer);
  }
}

std::uint64_t LayerStream::bytes_read() const {
  std::lock_guard lock(mutex_);
  return bytes_read_;
}

}  // namespace plimsoll::engine
