#include "engine/governed_buffers.h"

#include <algorithm>
#include <cstring>
#include <string_view>
#include <utility>

namespace plimsoll::engine {

namespace {

// ggml's own CPU buffers align to this (TENSOR_ALIGNMENT in ggml-impl.h); pages satisfy it.
constexpr std::size_t kTensorAlignment = 64;

// What a ggml buffer of ours holds: memory of the pool's, or none when that is owned elsewhere.
struct Holding {
  Buffer memory;
  void* base = nullptr;
};

Holding& holding(ggml_backend_buffer_t buffer) { return *static_cast<Holding*>(buffer->context); }
std::byte* bytes_of(const ggml_tensor* tensor, std::size_t offset) {
  return static_cast<std::byte*>(tensor->data) + offset;
}

void free_buffer(ggml_backend_buffer_t buffer) { delete &holding(buffer); }
void* get_base(ggml_backend_buffer_t buffer) { return holding(buffer).base; }

void memset_tensor(ggml_backend_buffer_t, ggml_tensor* tensor, std::uint8_t value, std::size_t offset,
                   std::size_t size) {
  std::memset(bytes_of(tensor, offset), value, size);
}
void set_tensor(ggml_backend_buffer_t, ggml_tensor* tensor, const void* data, std::size_t offset,
                std::size_t size) {
  std::memcpy(bytes_of(tensor, offset), data, size);
}
void get_tensor(ggml_backend_buffer_t, const ggml_tensor* tensor, void* data, std::size_t offset,
                std::size_t size) {
  std::memcpy(data, bytes_of(tensor, offset), size);
}
bool copy_tensor(ggml_backend_buffer_t, const ggml_tensor* source, ggml_tensor* target) {
  if (!ggml_backend_buffer_is_host(source->buffer)) return false;
  std::memcpy(target->data, source->data, ggml_nbytes(source));
  return true;
}
void clear_buffer(ggml_backend_buffer_t buffer, std::uint8_t value) {
  if (Buffer& memory = holding(buffer).memory; value == 0 && memory.size() > 0) {
    memory.zero();
  } else {
    std::memset(holding(buffer).base, value, buffer->size);
  }
}

ggml_backend_buffer_i host_memory_table() {
  ggml_backend_buffer_i table{};
  table.free_buffer = free_buffer;
  table.get_base = get_base;
  table.memset_tensor = memset_tensor;
  table.set_tensor = set_tensor;
  table.get_tensor = get_tensor;
  table.cpy_tensor = copy_tensor;
  table.clear = clear_buffer;
  return table;
}

ggml_backend_buffer_t make_buffer(ggml_backend_buffer_type_t type, ggml_backend_buffer_i table, Buffer memory,
                                  std::size_t bytes) {
  void* base = memory.data();
  return ggml_backend_buffer_init(type, table, new Holding{std::move(memory), base}, bytes);
}

GovernedDevice::State& device_of(ggml_backend_buffer_type_t type) {
  return *static_cast<GovernedDevice::State*>(type->context);
}
RepackedType& repacked_of(ggml_backend_buffer_type_t type) {
  return *static_cast<RepackedType*>(type->context);
}

const char* plain_name(ggml_backend_buffer_type_t) { return "Governed"; }
const char* host_name(ggml_backend_buffer_type_t) { return "Governed_Host"; }
const char* repacked_name(ggml_backend_buffer_type_t type) { return repacked_of(type).name.c_str(); }
std::size_t alignment(ggml_backend_buffer_type_t) { return kTensorAlignment; }
bool is_host(ggml_backend_buffer_type_t) { return true; }

ggml_status remember_tensor(ggml_backend_buffer_t buffer, ggml_tensor* tensor) {
  device_of(buffer->buft).last_prepaid_tensor = tensor;
  return GGML_STATUS_SUCCESS;
}

ggml_backend_buffer_t prepaid_alloc(ggml_backend_buffer_type_t type, std::size_t bytes) {
  ggml_backend_buffer_i table = host_memory_table();
  table.init_tensor = remember_tensor;
  return make_buffer(type, table, std::move(device_of(type).prepaid), bytes);
}

ggml_backend_buffer_t plain_alloc(ggml_backend_buffer_type_t type, std::size_t bytes) {
  GovernedDevice::State& state = device_of(type);
  if (bytes <= state.prepaid.size()) return prepaid_alloc(type, bytes);
  auto memory = state.allocate(state.plain_holder(), bytes);
  return memory ? make_buffer(type, host_memory_table(), std::move(*memory), bytes) : nullptr;
}

ggml_backend_buffer_t host_alloc(ggml_backend_buffer_type_t type, std::size_t bytes) {
  auto memory = device_of(type).allocate(device_of(type).holders.compute, bytes);
  return memory ? make_buffer(type, host_memory_table(), std::move(*memory), bytes) : nullptr;
}

// llama.cpp sizes the tensors of a buffer just before it asks for the buffer; the KV cache's are named so.
std::size_t plain_alloc_size(ggml_backend_buffer_type_t type, const ggml_tensor* tensor) {
  device_of(type).sized_kv_tensor = std::string_view(tensor->name).starts_with("cache_");
  return ggml_nbytes(tensor);
}

// The layout's own table converts weights as they are set; the memory under it becomes ours. ggml knows the
// layout by the buffer's type, so that stays ggml's.
ggml_backend_buffer_t repacked_alloc(ggml_backend_buffer_type_t type, std::size_t bytes) {
  RepackedType& repacked = repacked_of(type);
  ggml_backend_buffer_t pattern = ggml_backend_buft_alloc_buffer(repacked.inner, kTensorAlignment);
  if (pattern == nullptr) return nullptr;
  ggml_backend_buffer_i table = pattern->iface;
  ggml_backend_buffer_free(pattern);
  table.free_buffer = free_buffer;
  table.get_base = get_base;
  table.clear = clear_buffer;

  auto memory = repacked.device->allocate(repacked.device->holders.weights, bytes);
  return memory ? make_buffer(repacked.inner, table, std::move(*memory), bytes) : nullptr;
}

std::size_t repacked_alloc_size(ggml_backend_buffer_type_t type, const ggml_tensor* tensor) {
  return ggml_backend_buft_get_alloc_size(repacked_of(type).inner, tensor);
}
std::size_t repacked_alignment(ggml_backend_buffer_type_t type) {
  return ggml_backend_buft_get_alignment(repacked_of(type).inner);
}

void add_repacked_types(GovernedDevice::State& state) {
  using ListTypes = ggml_backend_buffer_type_t* (*)(ggml_backend_dev_t);
  auto* list = reinterpret_cast<ListTypes>(ggml_backend_reg_get_proc_address(
      ggml_backend_dev_backend_reg(state.cpu), "ggml_backend_dev_get_extra_bufts"));
  if (list == nullptr) return;
  for (ggml_backend_buffer_type_t* inner = list(state.cpu); inner != nullptr && *inner != nullptr; ++inner) {
    auto added = std::make_unique<RepackedType>();
    added->device = &state;
    added->inner = *inner;
    added->name = std::string("Governed_") + ggml_backend_buft_name(*inner);
    added->type.iface.get_name = repacked_name;
    added->type.iface.alloc_buffer = repacked_alloc;
    added->type.iface.get_alignment = repacked_alignment;
    added->type.iface.get_alloc_size = repacked_alloc_size;
    added->type.device = &state.device;
    added->type.context = added.get();
    state.repacked.push_back(std::move(added));
  }
}

}  // namespace

Expected<Buffer> GovernedDevice::State::allocate(MemoryHolder holder, std::size_t bytes) {
  sized_kv_tensor = false;
  auto memory = pool->allocate(holder, bytes);
  if (!memory) refusal = memory.error();
  return memory;
}

MemoryHolder GovernedDevice::State::plain_holder() const {
  if (loading_weights) return holders.weights;
  return sized_kv_tensor ? MemoryHolder::kv : holders.compute;
}

bool GovernedDevice::State::cancelled() const {
  return std::any_of(cancels.begin(), cancels.end(),
                     [](const CancelFlagPtr& flag) { return flag && flag->cancelled(); });
}

void make_buffer_types(GovernedDevice::State& state, bool repack) {
  state.plain.iface.get_name = plain_name;
  state.plain.iface.alloc_buffer = plain_alloc;
  state.plain.iface.get_alignment = alignment;
  state.plain.iface.get_alloc_size = plain_alloc_size;
  state.plain.iface.is_host = is_host;
  state.plain.device = &state.device;
  state.plain.context = &state;

  state.host = state.plain;
  state.host.iface.get_name = host_name;
  state.host.iface.alloc_buffer = host_alloc;
  state.host.iface.get_alloc_size = nullptr;

  if (repack) add_repacked_types(state);
  for (auto& repacked : state.repacked) state.repacked_list.push_back(&repacked->type);
  state.repacked_list.push_back(nullptr);
}

ggml_backend_buffer_t wrap_plain(GovernedDevice::State& state, void* data, std::size_t bytes) {
  ggml_backend_buffer_t buffer =
      ggml_backend_buffer_init(&state.plain, host_memory_table(), new Holding{{}, data}, bytes);
  ggml_backend_buffer_set_usage(buffer, GGML_BACKEND_BUFFER_USAGE_WEIGHTS);
  return buffer;
}

}  // namespace plimsoll::engine
