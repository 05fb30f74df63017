#include "engine/governed_device.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "engine/governed_buffers.h"
#include "engine/graph_runner.h"
#include "engine/own_nodes.h"
#include "ggml-cpu.h"
#include "ggml-impl.h"

namespace plimsoll::engine {

namespace {

using State = GovernedDevice::State;

State& state_of(ggml_backend_dev_t device) { return *static_cast<State*>(device->context); }

// ---- the backend ----------------------------------------------------------------------------------------

GraphRunner& runner_of(ggml_backend_t backend) { return *static_cast<GraphRunner*>(backend->context); }

const char* backend_name(ggml_backend_t) { return "Governed"; }
void backend_free(ggml_backend_t backend) {
  delete &runner_of(backend);
  delete backend;
}
ggml_status backend_compute(ggml_backend_t backend, ggml_cgraph* graph) {
  return runner_of(backend).run(*graph);
}

ggml_guid_t backend_guid() {
  static ggml_guid guid = {0x70, 0x6c, 0x69, 0x6d, 0x73, 0x6f, 0x6c, 0x6c,
                           0x2d, 0x6c, 0x69, 0x6e, 0x65, 0x00, 0x00, 0x01};
  return &guid;
}

// ---- the device -----------------------------------------------------------------------------------------

const char* device_name(ggml_backend_dev_t) { return "Governed"; }
const char* device_description(ggml_backend_dev_t) { return "CPU below a memory line"; }
// llama.cpp offloads layers to GPUs only, so that is what this device says it is.
enum ggml_backend_dev_type device_type(ggml_backend_dev_t) { return GGML_BACKEND_DEVICE_TYPE_GPU; }

void device_memory(ggml_backend_dev_t device, std::size_t* free, std::size_t* total) {
  const MemoryLedger ledger = state_of(device).pool->ledger();
  if (!ledger.memory_limit_bytes) {
    ggml_backend_dev_memory(state_of(device).cpu, free, total);
    return;
  }
  *total = std::max<std::size_t>(*ledger.memory_limit_bytes, 1);
  *free = *total - std::min(*total, ledger.active_bytes);
}

void device_props(ggml_backend_dev_t device, ggml_backend_dev_props* props) {
  *props = {};
  ggml_backend_dev_get_props(state_of(device).cpu, props);
  props->name = device_name(device);
  props->description = device_description(device);
  props->type = device_type(device);
  device_memory(device, &props->memory_free, &props->memory_total);
  props->caps.host_buffer = true;
  props->caps.buffer_from_host_ptr = false;
}

ggml_backend_t device_stream(ggml_backend_dev_t device, const char*) {
  ggml_backend_i table{};
  table.get_name = backend_name;
  table.free = backend_free;
  table.graph_compute = backend_compute;
  return new ggml_backend{backend_guid(), table, device, new GraphRunner(state_of(device))};
}

ggml_backend_buffer_type_t device_buffer_type(ggml_backend_dev_t device) { return &state_of(device).plain; }
ggml_backend_buffer_type_t device_host_buffer_type(ggml_backend_dev_t device) {
  return &state_of(device).host;
}

// The type that ggml's CPU knows weights by. A model that is only drawn up has them in our own; once they are
// filled they are in ggml's.
ggml_backend_buffer_type_t type_for_cpu(const State& state, ggml_backend_buffer_type_t type) {
  for (const auto& repacked : state.repacked) {
    if (type == &repacked->type) return repacked->inner;
  }
  return type;
}

// Whether ggml's CPU computes `op` when its weights lie in a buffer of `type`.
bool cpu_supports_with(State& state, const ggml_tensor* op, ggml_backend_buffer_type_t type) {
  ggml_backend_buffer_t weights = op->src[0]->buffer;
  const auto declared = std::exchange(weights->buft, type);
  const bool supported = ggml_backend_dev_supports_op(state.cpu, op);
  weights->buft = declared;
  return supported;
}

// Every node of a graph passes by here when memory is reserved for it: the moment to learn what its kernel
// wants beside its tensors.
void note_scratch(State& state, const ggml_tensor* op) {
  ggml_tensor* node = const_cast<ggml_tensor*>(op);  // ggml's graphs hold plain pointers; planning only reads
  ggml_cgraph graph{};
  graph.nodes = &node;
  graph.n_nodes = 1;
  const std::size_t page = PageSource::page_bytes();
  const std::size_t bytes = std::max(ggml_graph_plan(&graph, state.threads, nullptr).work_size,
                                     state.own_nodes ? own_node_bytes(*op, state.threads) : 0);
  state.scratch_bytes = std::max(state.scratch_bytes, (bytes + page - 1) / page * page);
}

// While weights are placed, llama.cpp asks with a dummy buffer of each type in turn and takes the first that
// is supported: the plain type steps back for a repacked one that can do the same, unless our own kernels
// are as fast with the weights where they lie.
bool device_supports_op(ggml_backend_dev_t device, const ggml_tensor* op) {
  State& state = state_of(device);
  if (!state.loading_weights) note_scratch(state, op);
  if (op->src[0] == nullptr || op->src[0]->buffer == nullptr)
    return ggml_backend_dev_supports_op(state.cpu, op);

  const ggml_backend_buffer_type_t asked = op->src[0]->buffer->buft;
  const bool ours = state.own_nodes && own_node_bytes(*op, state.threads) > 0;
  if (state.loading_weights && asked == &state.plain && !ours) {
    for (const auto& repacked : state.repacked) {
      if (cpu_supports_with(state, op, repacked->inner)) return false;
    }
  }
  return cpu_supports_with(state, op, type_for_cpu(state, asked));
}

bool device_supports_type(ggml_backend_dev_t device, ggml_backend_buffer_type_t type) {
  State& state = state_of(device);
  return type == &state.plain || ggml_backend_buft_is_host(type) ||
         ggml_backend_dev_supports_buft(state.cpu, type_for_cpu(state, type));
}

// ---- the registry: how llama.cpp finds the repacked layouts ---------------------------------------------

const char* registry_name(ggml_backend_reg_t) { return "Governed"; }
std::size_t registry_count(ggml_backend_reg_t) { return 1; }
ggml_backend_dev_t registry_device(ggml_backend_reg_t registry, std::size_t) {
  return &static_cast<State*>(registry->context)->device;
}
ggml_backend_buffer_type_t* repacked_types(ggml_backend_dev_t device) {
  return state_of(device).repacked_list.data();
}
void* registry_function(ggml_backend_reg_t, const char* name) {
  const bool asked = std::strcmp(name, "ggml_backend_dev_get_extra_bufts") == 0;
  return asked ? reinterpret_cast<void*>(repacked_types) : nullptr;
}

void make_device(State& state) {
  state.registry = {
      GGML_BACKEND_API_VERSION, {registry_name, registry_count, registry_device, registry_function}, &state};
  auto& table = state.device.iface;
  table.get_name = device_name;
  table.get_description = device_description;
  table.get_memory = device_memory;
  table.get_type = device_type;
  table.get_props = device_props;
  table.init_backend = device_stream;
  table.get_buffer_type = device_buffer_type;
  table.get_host_buffer_type = device_host_buffer_type;
  table.supports_op = device_supports_op;
  table.supports_buft = device_supports_type;
  state.device.reg = &state.registry;
  state.device.context = &state;
}

}  // namespace

GovernedDevice::GovernedDevice(std::shared_ptr<MemoryPool> pool, Holders holders, int threads, bool repack,
                               bool own_nodes)
    : state_(std::make_unique<State>()) {
  state_->pool = std::move(pool);
  state_->holders = holders;
  state_->threads = threads;
  state_->own_nodes = own_nodes;
  state_->cpu = ggml_backend_dev_by_type(GGML_BACKEND_DEVICE_TYPE_CPU);
  ggml_cpu_init();
  make_device(*state_);
  make_buffer_types(*state_, repack);
}

GovernedDevice::~GovernedDevice() = default;

ggml_backend_dev_t GovernedDevice::handle() { return &state_->device; }
MemoryPool& GovernedDevice::pool() const { return *state_->pool; }
int GovernedDevice::threads() const { return state_->threads; }

GovernedDevice::LoadingWeights::LoadingWeights(GovernedDevice& device) : device_(device) {
  device_.state_->loading_weights = true;
}
GovernedDevice::LoadingWeights::~LoadingWeights() { device_.state_->loading_weights = false; }

void GovernedDevice::prepay(Buffer buffer) {
  if (buffer.size() > 0) state_->last_prepaid_tensor = nullptr;
  state_->prepaid = std::move(buffer);
}

const ggml_tensor* GovernedDevice::last_prepaid_tensor() const { return state_->last_prepaid_tensor; }

ggml_backend_buffer_type_t GovernedDevice::plain_type() { return &state_->plain; }

bool GovernedDevice::is_repacked(ggml_backend_buffer_type_t type) const {
  return std::any_of(state_->repacked.begin(), state_->repacked.end(),
                     [&](const auto& repacked) { return &repacked->type == type; });
}

Expected<Reservation> GovernedDevice::charge_weights(std::size_t bytes) {
  return state_->pool->reserve(state_->holders.weights, bytes);
}
Expected<Buffer> GovernedDevice::allocate_weights(std::size_t bytes) {
  return state_->pool->allocate(state_->holders.weights, bytes);
}
Expected<Buffer> GovernedDevice::allocate_compute(std::size_t bytes) {
  return state_->pool->allocate(state_->holders.compute, bytes);
}
ggml_backend_buffer_t GovernedDevice::wrap_weights(void* data, std::size_t bytes) {
  return wrap_plain(*state_, data, bytes);
}
void GovernedDevice::stream_from(LayerStream* stream) { state_->stream = stream; }

void GovernedDevice::begin_scratch() { state_->scratch_bytes = 0; }
std::size_t GovernedDevice::scratch_bytes() const { return state_->scratch_bytes; }
std::size_t GovernedDevice::compute_bytes() const {
  return state_->pool->ledger().of(state_->holders.compute);
}

std::vector<CancelFlagPtr> GovernedDevice::listen_to(std::vector<CancelFlagPtr> cancels) {
  return std::exchange(state_->cancels, std::move(cancels));
}

std::optional<Error> GovernedDevice::take_refusal() { return std::exchange(state_->refusal, std::nullopt); }

}  // namespace plimsoll::engine
