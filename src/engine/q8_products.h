// Products with Q8_0 weights are computed by our own kernels where the processor has what they need: prompts
// go through the language model faster, answers are written faster, and the weights stay pages of the file.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>

#include "ggml.h"

struct ggml_cgraph;

namespace plimsoll::engine {

/// Working memory that computing `node` takes with our kernels, bytes; 0: it is left to ggml's.
std::size_t q8_product_bytes(const ggml_tensor& node, int threads);

/// While one lives, the nodes of a graph that our kernels compute say so to ggml. Belongs to one thread.
class Q8Products {
 public:
  /// `wanted` false: none.
  Q8Products(ggml_cgraph& graph, int threads, bool wanted);
  ~Q8Products();
  Q8Products(const Q8Products&) = delete;
  Q8Products& operator=(const Q8Products&) = delete;

  /// Of the node that wants most.
  std::size_t working_bytes() const { return working_bytes_; }
  /// REQUIRES before the graph is computed: 64-byte aligned memory of working_bytes().
  void work_in(std::byte* memory) { memory_ = memory; }

 private:
  struct Swapped {
    Q8Products* all;
    ggml_tensor* node;
    ggml_op op;
    int32_t parameters[GGML_MAX_OP_PARAMS / sizeof(int32_t)];
    std::atomic<int> next_output;  // of a single row, shared out among the threads
  };
  static void run(ggml_tensor* out, int thread, int threads, void* swapped);
  void swap(ggml_tensor& node);

  std::deque<Swapped> swapped_;  // ggml has their addresses
  std::size_t working_bytes_ = 0;
  std::byte* memory_ = nullptr;
};

}  // namespace plimsoll::engine
