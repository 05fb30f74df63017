// A ggml device that stands between llama.cpp or mtmd and memory: it computes as ggml's CPU does, and every
// buffer that it hands out is the pool's. What it brings: the memory line, the cache of freed buffers, a
// holder for each byte, and a cancel that is heard between the nodes of any graph.
//
// Not thread-safe: a device and everything that llama.cpp makes on it belong to one thread.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "ggml-backend.h"
#include "plimsoll/cancel.h"
#include "plimsoll/memory.h"

namespace plimsoll::engine {

class LayerStream;

class GovernedDevice {
 public:
  /// Who is charged for what this device allocates.
  struct Holders {
    MemoryHolder weights;
    MemoryHolder compute;
  };

  /// `repack`: offer ggml's repacked weight layouts (several times faster prefill for Q4_0; the weights are
  /// then copied, not mapped). `own_nodes`: attention and products with Q8_0 weights, which stay where they
  /// lie, are computed by our own kernels where the processor has what they need (OwnNodes); their results
  /// differ from ggml's in the last digits.
  GovernedDevice(std::shared_ptr<MemoryPool> pool, Holders holders, int threads, bool repack,
                 bool own_nodes = false);
  ~GovernedDevice();  // REQUIRES: all that was made on it is gone
  GovernedDevice(const GovernedDevice&) = delete;
  GovernedDevice& operator=(const GovernedDevice&) = delete;

  ggml_backend_dev_t handle();
  MemoryPool& pool() const;
  int threads() const;

  /// While one of these lives, plain buffers are weights, and weights are placed in repacked layouts where
  /// there is one; otherwise plain buffers are the KV cache or compute.
  class LoadingWeights {
   public:
    explicit LoadingWeights(GovernedDevice& device);
    ~LoadingWeights();
    LoadingWeights(const LoadingWeights&) = delete;
    LoadingWeights& operator=(const LoadingWeights&) = delete;

   private:
    GovernedDevice& device_;
  };

  /// The next plain buffer of at most its size is taken from `buffer`: for code that can not survive a
  /// refusal, so that the refusal comes before it is called. An empty one takes back what was not used.
  void prepay(Buffer buffer);
  /// The tensor that was placed last in what was prepaid last; nullptr: none.
  const ggml_tensor* last_prepaid_tensor() const;

  // What places weights itself instead of leaving that to llama.cpp.
  ggml_backend_buffer_type_t plain_type();
  bool is_repacked(ggml_backend_buffer_type_t type) const;
  Expected<Reservation> charge_weights(std::size_t bytes);
  Expected<Buffer> allocate_weights(std::size_t bytes);
  Expected<Buffer> allocate_compute(std::size_t bytes);
  /// A plain buffer over memory that is charged and owned elsewhere.
  ggml_backend_buffer_t wrap_weights(void* data, std::size_t bytes);
  /// Where weights come from that are not always in memory; nullptr: all are.
  void stream_from(LayerStream* stream);

  /// Forgets how much scratch memory graphs want; those that are reserved from now on say so anew.
  void begin_scratch();
  /// What the graphs reserved since begin_scratch() will want beside their tensors, in bytes, whole pages.
  std::size_t scratch_bytes() const;
  /// Bytes that the compute holder has now.
  std::size_t compute_bytes() const;

  /// Graphs stop between two nodes once one of the flags says so. Returns what it listened to before.
  std::vector<CancelFlagPtr> listen_to(std::vector<CancelFlagPtr> cancels);

  /// Why the latest allocation failed, once. llama.cpp itself only says that one did.
  std::optional<Error> take_refusal();

  struct State;

 private:
  std::unique_ptr<State> state_;
};

}  // namespace plimsoll::engine
