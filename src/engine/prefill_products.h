// Products of many rows with Q8_0 weights are computed by our own kernel where the processor has what it
// needs: the prompt goes through the language model faster, and the weights stay pages of the file.
#pragma once

#include <cstddef>
#include <vector>

#include "ggml.h"

struct ggml_cgraph;

namespace plimsoll::engine {

/// Working memory that computing `node` takes with our kernel, bytes; 0: it is left to ggml's.
std::size_t prefill_product_bytes(const ggml_tensor& node, int threads);

/// While one lives, the nodes of a graph that our kernel computes say so to ggml. Belongs to one thread.
class PrefillProducts {
 public:
  /// `wanted` false: none.
  PrefillProducts(ggml_cgraph& graph, int threads, bool wanted);
  ~PrefillProducts();
  PrefillProducts(const PrefillProducts&) = delete;
  PrefillProducts& operator=(const PrefillProducts&) = delete;

  /// Of the node that wants most.
  std::size_t working_bytes() const { return working_bytes_; }
  /// REQUIRES before the graph is computed: 64-byte aligned memory of working_bytes().
  void work_in(std::byte* memory) { memory_ = memory; }

 private:
  struct Swapped {
    ggml_tensor* node;
    ggml_op op;
    int32_t parameters[GGML_MAX_OP_PARAMS / sizeof(int32_t)];
  };
  static void run(ggml_tensor* out, int thread, int threads, void* self);
  void swap(ggml_tensor& node);

  std::vector<Swapped> swapped_;
  std::size_t working_bytes_ = 0;
  std::byte* memory_ = nullptr;
};

}  // namespace plimsoll::engine
