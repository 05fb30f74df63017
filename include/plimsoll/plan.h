// The plan before the load: what a model takes on a device, and the best way to use memory that fits there.
// Made from the files' headers and the model's own graphs, drawn up without memory for them; no weight is
// read.
#pragma once

#include <plimsoll/configuration.h>
#include <plimsoll/error.h>
#include <plimsoll/memory.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

struct ModelFiles;

/// How keys and values of the context are stored.
enum class KvType { f16, q8_0, q4_0 };

/// "f16", "q8_0", "q4_0".
std::string_view to_string(KvType type);

/// resident: stays with the model. on_demand: comes for a picture, gone before the answer's context is made.
enum class VisionResidency { resident, on_demand };

/// With which arithmetic pictures are encoded, where the model is a SmolVLM; others are always libmtmd's.
///   best        int8 where the encoder's file is quantised, else bf16; plain where the processor has neither
///   int8, bf16  our own kernels; plain where the processor has none (they want AVX2 with FMA, or AVX-512)
///   plain       ggml's kernels
///   libmtmd     llama.cpp's own encoder, which scales every picture to the model's longest edge
enum class VisionKernels { best, int8, bf16, plain, libmtmd };

/// "best", "int8", "bf16", "plain", "libmtmd"; empty for another name.
std::string_view to_string(VisionKernels kernels);
std::optional<VisionKernels> vision_kernels_from_string(std::string_view name);

/// How the engine uses memory.
struct EngineSettings {
  int batch_tokens = 128;  // positions that go through the language model at once
  KvType kv_type = KvType::f16;
  bool repack = true;  // use ggml's repacked weight layouts where there are any: faster, but not evictable
  VisionResidency vision = VisionResidency::resident;
  bool keep_prompts = true;  // the state behind a prompt stays for the next one that begins like it
  // Engaged: the text weights leave while a picture is looked at; of their layers as many come back as fit
  // into this many bytes, and the others are streamed from the file for every token.
  std::optional<std::size_t> streamed_text_resident_bytes{};
  int answers_at_once = 1;  // that the context has room for
  // Positions that each of several answers has, prompt included: a question that needs more is answered
  // alone. 0: as many as the question that the context is made for.
  int context_tokens = 0;
};

/// What a plan gives up when not everything fits, from first to last. The order is by what a person would
/// miss: first what costs a wait where others ask too, then what costs a moment once a picture, then what
/// costs speed, then what costs answers; the file docs/memory-plan.md has the reasons and figures.
enum class Concession {
  fewer_at_once,     // fewer answers are written together; the other questions wait
  forgetting,        // a second question about a picture reads its whole prompt again
  vision_on_demand,  // the vision encoder leaves after each picture and is loaded again for the next
  smaller_batch,     // the prompt goes through the model in smaller steps
  plain_weights,     // weights stay evictable pages of the file instead of faster private copies
  taking_turns,      // the text weights leave while a picture is looked at, and are read again after it
  kv_q8_0,           // keys and values in 8 bits
  shorter_answers,   // fewer tokens an answer than the class allows (only the strategy `fitted`)
  streamed_weights,  // some layers are read from the file for every token
  kv_q4_0,           // keys and values in 4 bits
};
inline constexpr std::size_t kConcessionCount = 10;

/// "vision encoder on demand", "smaller batches", ...: what is given up, for people.
std::string_view to_string(Concession concession);

/// What a plan may not fit, beside kMemoryLimitBound: see MemoryPlan::missing_from.
inline constexpr const char* kDeviceBound = "device";
inline constexpr const char* kProcessBound = "limit of this process (ulimit -d)";

/// What there is. All in bytes.
struct MemoryBudget {
  std::optional<std::size_t> line_bytes;  // active memory of the pool at most; empty: no line
  std::size_t footprint_bytes = 0;        // what the process occupies now
  // How much more it may come to occupy: of the device's memory, its cgroups, and RLIMIT_AS (which counts
  // mapped pages that no plan knows of, too: it may still refuse).
  std::size_t growth_bytes = 0;
  // How much more private memory the process may ask for (RLIMIT_DATA); empty: no such limit.
  std::optional<std::size_t> private_bytes{};
  // How often the rest was made smaller than what was measured, by who knows that processes like this one
  // were killed for memory.
  int steps_down = 0;
};

struct MemoryPlan {
  EngineSettings settings;
  int max_tokens = 0;      // of an answer
  int context_tokens = 0;  // for one question about one picture, an answer of max_tokens included

  std::array<std::size_t, kMemoryHolderCount> holder_bytes{};  // the highest of each holder
  std::size_t peak_bytes = 0;       // the highest active memory; less than the sum where holders take turns
  std::size_t footprint_bytes = 0;  // the process at its peak
  std::size_t missing_bytes = 0;    // 0: it fits
  std::string missing_from;         // the bound that is short of the most; empty where it fits

  std::vector<Concession> concessions;  // what was given up, in the order of the enum
  std::size_t streamed_bytes = 0;       // read from the file for every token
  double expected_tokens_per_second =
      0;               // where that reading decides the speed; 0: it does not, or is not known
  int steps_down = 0;  // of the budget that it was made for

  bool fits() const { return missing_bytes == 0; }
  std::size_t of(MemoryHolder holder) const { return holder_bytes[static_cast<std::size_t>(holder)]; }
};

/// Draws up plans for one model. Belongs to one thread. Movable.
class MemoryPlanner {
 public:
  /// Blocking, a tenth of a second. Fails as find_model() does, or with `engine`. `threads` 0: one for each
  /// processor.
  static Expected<MemoryPlanner> open(const ModelFiles& files, int threads = 0,
                                      VisionKernels kernels = VisionKernels::best);
  MemoryPlanner(MemoryPlanner&&) noexcept;
  ~MemoryPlanner();

  /// The best plan that fits, for one question about one picture; where none does, the smallest one, with
  /// what is missing. Blocking, milliseconds. Fails with `engine`.
  Expected<MemoryPlan> plan(const MemoryConfiguration& configuration, const MemoryBudget& budget);

 private:
  struct Impl;
  explicit MemoryPlanner(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The error for a plan that does not fit: what is missing, in which holders the rest would be, what to do.
Error does_not_fit_error(const MemoryPlan& plan, const MemoryBudget& budget);

}  // namespace plimsoll
