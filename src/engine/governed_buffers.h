// The buffers of the governed device, as ggml's tables want them. Only governed_device.cpp includes this.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/governed_device.h"
#include "ggml-backend-impl.h"

namespace plimsoll::engine {

/// One of ggml's own weight layouts (its "extra buffer types"), offered with memory from the pool.
struct RepackedType {
  GovernedDevice::State* device = nullptr;
  ggml_backend_buffer_type_t inner = nullptr;
  std::string name;
  ggml_backend_buffer_type type{};
};

struct GovernedDevice::State {
  std::shared_ptr<MemoryPool> pool;
  Holders holders{};
  int threads = 1;
  bool own_nodes = false;
  ggml_backend_dev_t cpu = nullptr;

  bool loading_weights = false;
  std::size_t scratch_bytes = 0;  // the most that any node of a reserved graph wants beside its tensors
  bool sized_kv_tensor = false;   // the tensors being sized for the next buffer are the KV cache's
  Buffer prepaid;
  const ggml_tensor* last_prepaid_tensor = nullptr;
  std::optional<Error> refusal;
  std::vector<CancelFlagPtr> cancels;
  LayerStream* stream = nullptr;

  ggml_backend_reg registry{};
  ggml_backend_device device{};
  ggml_backend_buffer_type plain{};  // tensors that the device computes with
  ggml_backend_buffer_type host{};   // the same memory for llama.cpp's own CPU side: inputs and logits
  std::vector<std::unique_ptr<RepackedType>> repacked;
  std::vector<ggml_backend_buffer_type_t> repacked_list;  // null-terminated, as ggml wants it

  Expected<Buffer> allocate(MemoryHolder holder, std::size_t bytes);
  MemoryHolder plain_holder() const;
  bool cancelled() const;
};

/// Fills `plain`, `host` and, when `repack`, `repacked`.
void make_buffer_types(GovernedDevice::State& state, bool repack);

/// A plain weights buffer over memory that is charged and owned elsewhere.
ggml_backend_buffer_t wrap_plain(GovernedDevice::State& state, void* data, std::size_t bytes);

}  // namespace plimsoll::engine
