// Nodes of a graph that are computed by our own kernels, where the processor has what they need: prompts go
// through the language model faster, answers are written faster, and Q8_0 weights stay pages of the file.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>

#include "ggml.h"
#include "kernels/kernels.h"

struct ggml_cgraph;

namespace plimsoll::engine {

/// What our kernels can do with one kind of node.
struct OwnKind {
  bool (*takes)(const kernels::Kernels& ours, const ggml_tensor& node);
  /// Working memory of a thread.
  std::size_t (*thread_bytes)(const kernels::Kernels& ours, const ggml_tensor& node);
  /// One thread's part, which it takes as it goes. `parameters` are the node's own; `next` begins at 0 and is
  /// shared by all threads; `memory` is this thread's, 64-byte aligned.
  void (*run)(const kernels::Kernels& ours, ggml_tensor& node, const std::int32_t* parameters, int threads,
              std::atomic<int>& next, std::byte* memory);
};

/// Working memory that computing `node` takes with our kernels, bytes; 0: it is left to ggml's.
std::size_t own_node_bytes(const ggml_tensor& node, int threads);

/// While one lives, the nodes of a graph that our kernels compute say so to ggml. Belongs to one thread.
class OwnNodes {
 public:
  /// `wanted` false: none.
  OwnNodes(ggml_cgraph& graph, int threads, bool wanted);
  ~OwnNodes();
  OwnNodes(const OwnNodes&) = delete;
  OwnNodes& operator=(const OwnNodes&) = delete;

  /// Of the node that wants most.
  std::size_t working_bytes() const { return working_bytes_; }
  /// REQUIRES before the graph is computed: 64-byte aligned memory of working_bytes().
  void work_in(std::byte* memory) { memory_ = memory; }

 private:
  struct Swapped {
    OwnNodes* all;
    const OwnKind* kind;
    ggml_tensor* node;
    ggml_op op;
    std::int32_t parameters[GGML_MAX_OP_PARAMS / sizeof(std::int32_t)];
    std::atomic<int> next;
  };
  static void run(ggml_tensor* out, int thread, int threads, void* swapped);
  void swap(ggml_tensor& node, const OwnKind& kind);

  std::deque<Swapped> swapped_;  // ggml has their addresses
  std::size_t working_bytes_ = 0;
  std::byte* memory_ = nullptr;
};

}  // namespace plimsoll::engine
