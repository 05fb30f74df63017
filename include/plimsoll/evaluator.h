// Start reading here. A VlmEvaluator answers questions about pictures with a vision-language model
// and stays below a memory line while it does.
//
//   auto pool = MemoryPool::create();
//   VlmEvaluator evaluator({.model = *find_model("plimsoll-tiny"), .configuration = ...}, pool);
//   auto answer = evaluator.generate({.turns = {{.prompt = "What is this?", .images = {{path}}}}},
//                                    [](std::string_view text) { std::cout << text << std::flush; });
//
// Threads: every function may be called from any thread. load() and generate() block their caller and
// say so; every other function returns in under 1 ms. The model lives on a thread of the evaluator's
// own, memory is given back on another one of low priority. Where the configuration allows several answers at
// once, as many threads may wait in generate(); the model writes a word of each in turn, all in one go.
#pragma once

#include <plimsoll/cancel.h>
#include <plimsoll/configuration.h>
#include <plimsoll/error.h>
#include <plimsoll/media.h>
#include <plimsoll/memory.h>
#include <plimsoll/plan.h>
#include <plimsoll/pressure.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

/// A model on disk: the language model and its vision encoder, both GGUF.
struct ModelFiles {
  std::string name;                // for people: the folder's or file's name
  std::filesystem::path text{};    // general.architecture is a language model's
  std::filesystem::path vision{};  // general.architecture is "clip"; empty: questions without pictures only
  // What this model wants to be told before a question, instead of the default: the content of a file
  // system-prompt.txt in the model's folder. Engaged and empty: nothing at all.
  std::optional<std::string> system_prompt{};
};

/// Finds a model by NAME (a bundled or a pulled one), FOLDER (holding one text GGUF and at most one vision
/// GGUF, told apart by general.architecture) or text GGUF FILE. `vision`, when not empty, is the vision GGUF
/// to use. Reads the files' headers; blocking, milliseconds. Fails with `not_found`, `io`, or
/// `invalid_argument` (not a GGUF file, cut short, two candidates).
Expected<ModelFiles> find_model(const std::string& name_or_path, const std::filesystem::path& vision = {});

/// Whether a file is a whole GGUF file: a header that can be read, and all the tensors that it promises.
/// Reads the header; blocking, milliseconds. Fails as find_model() does.
Expected<void> check_model_file(const std::filesystem::path& path);

/// Folders that find_model() looks for names in, in this order: those of pulled models ($PLIMSOLL_MODELS,
/// $XDG_DATA_HOME/plimsoll/models or ~/.local/share/plimsoll/models), ../share/plimsoll/models beside the
/// program, and the source tree that the program was built from.
std::vector<std::filesystem::path> model_search_paths();

inline constexpr std::string_view kDefaultModel = "plimsoll-tiny";

/// What the original app tells the model before a question about a picture.
inline constexpr std::string_view kDefaultImageSystemPrompt =
    "You are an image understanding model capable of describing the salient features of any image.";

/// The same before a question about a video.
inline constexpr std::string_view kDefaultVideoSystemPrompt =
    "You are a video understanding model capable of describing the salient features of any video.";

enum class LoadState { idle, loaded };

/// What is known of a loaded model.
struct ModelInfo {
  std::string name;
  std::uint64_t parameters = 0;  // of both files
  int context_length = 0;        // tokens that the model was trained for
};

/// Keeps a loaded model in memory as long as it lives. Classes that keep their model hold one of these
/// themselves; for the others the caller's is the only one. Copyable, thread-safe.
class ModelHandle {
 public:
  const ModelInfo& info() const;

 private:
  friend class VlmEvaluator;
  struct Residency;
  explicit ModelHandle(std::shared_ptr<Residency> residency) : residency_(std::move(residency)) {}
  std::shared_ptr<Residency> residency_;
};

/// What goes on before the first word.
enum class Stage { loading, looking };

/// The share of a stage that is done, from 0 to 1, and what to show: "Loading NAME: 42%", "Looking at picture
/// 1 of 2, tile 3 of 5". Called on the thread that waits.
using ProgressSink = std::function<void(Stage stage, float share, std::string_view text)>;

/// The next piece of the answer, valid UTF-8. Called on the thread that waits in generate(), about every 4
/// tokens or 0.25 s, whichever comes first.
using TextSink = std::function<void(std::string_view text)>;

/// One question with its pictures or its video, and, for turns that are over, the answer that was given.
struct Turn {
  std::string prompt;
  std::vector<ImageSource> images{};
  std::optional<VideoSource> video{};  // REQUIRES: empty where there are images
  std::string answer{};
};

struct GenerationRequest {
  std::vector<Turn> turns;  // oldest first; the last one is the question to answer
  // Empty: the model's own, or kDefaultVideoSystemPrompt where a video is asked about, else
  // kDefaultImageSystemPrompt where a picture is. "": none.
  std::optional<std::string> system_prompt{};
  // Each falls back to the configuration.
  std::optional<int> max_tokens{};
  std::optional<float> temperature{};
  std::optional<float> top_p{};
  std::optional<std::uint32_t> seed{};  // empty: a random one
  std::vector<std::string> stop{};      // the answer ends before the first of these
  std::string grammar{};                // what the answer has to follow: GBNF, rule "root"; empty: nothing
};

/// memory: the device ran out of it while the answer was written, and what was said so far is the answer.
enum class FinishReason { stop, length, cancelled, memory };

/// "stop", "length", "cancelled", "memory".
std::string_view to_string(FinishReason reason);

struct GenerationTiming {
  double load_ms = 0;          // 0 when the model was loaded already
  double image_decode_ms = 0;  // without what went on while the model was loaded
  double image_encode_ms = 0;
  double prefill_ms = 0;              // the prompt through the language model, without encoding
  double time_to_first_token_ms = 0;  // since generate() was called
  int tokens = 0;                     // of the answer
  double tokens_per_second = 0;       // from the first token on
};

struct ImageCost {
  int tiles = 0;   // images that went through the vision encoder
  int tokens = 0;  // positions in the context that pictures take
  int reused = 0;  // pictures that were encoded for an earlier question
};

struct GenerationResult {
  std::string answer{};
  FinishReason finish_reason = FinishReason::stop;
  GenerationTiming timing{};
  ImageCost image{};
  int video_frames = 0;   // that were looked at, of all videos in the question
  int prompt_tokens = 0;  // everything before the answer, pictures included
  int reused_tokens = 0;  // of those, what an earlier question had brought through the model already
  // What this question gave up beyond the model's plan, because it was longer than that foresaw.
  std::vector<Concession> concessions{};
};

/// The ledger beside what the operating system says. Bytes.
struct MemoryReport {
  MemoryLedger ledger;
  std::size_t footprint_bytes = 0;       // resident memory of the process
  std::size_t footprint_peak_bytes = 0;  // the highest since the process began
  // Resident memory that no holder accounts for: code, libraries, heap, and mapped pages of the model.
  // Negative is zero: charged memory that was never touched is not resident.
  std::size_t unaccounted_bytes = 0;
};
MemoryReport memory_report(const MemoryPool& pool);

/// What there is now, for a plan: the pool's line, the device's memory with its cgroups, and rlimits. A
/// device of `device_memory_bytes` that is smaller than this one is believed to leave an app three quarters
/// of it (spec section 7: 2900 to 3200 of 4096 MB); 0: this one. A margin for the kernel's own share is taken
/// off.
MemoryBudget measure_budget(const MemoryPool& pool, std::uint64_t device_memory_bytes);

/// What there is now, for one charge (RoomProbe): the tightest of the same bounds, less the same margin, and
/// less what is pending. The limits of this process leave no stacks for threads to come here: they have come.
/// Takes 0.1 to 0.3 ms. Thread-safe.
MeasuredRoom measure_room(std::uint64_t device_memory_bytes, const PendingMemory& pending);

struct EvaluatorOptions {
  ModelFiles model;
  MemoryConfiguration configuration;
  // How the model uses memory. Empty: a plan decides at each load, and a model that does not fit is refused
  // before any of it is loaded (strategies `tiered` and `fitted`; the others know no plan).
  std::optional<EngineSettings> engine{};
  std::uint64_t device_memory_bytes = 0;  // what pressure is measured against
  int threads = 0;                        // of the engine; 0: one for each processor
  VisionKernels vision_kernels = VisionKernels::best;
  // What there is for the plan, asked on threads of the evaluator's own, two at once even. Empty:
  // measure_budget() of the pool and `device_memory_bytes`.
  std::function<MemoryBudget()> budget{};
  // Measures what large charges must fit into. Empty: measure_room() of `device_memory_bytes`. Strategies
  // `legacy` and `quick_fix` know the limit of their class and nothing else, as the original app did.
  RoomProbe room{};
  // Asked where no plan fits that: true where `budget` has more from now on, and a plan for it is to be made.
  // Empty: it has not.
  std::function<bool()> ease_budget{};
  // Tells how hard memory is pressed while the model is there; what it asks for is given back (spec section
  // 6), but for the strategy `legacy`, which knew nothing of it. Empty: nobody watches.
  std::shared_ptr<MemoryMonitor> monitor{};
  // How hard memory is pressed, asked after a cancel. Empty: the monitor's word; without one this process's
  // resident memory against `device_memory_bytes`.
  std::function<MemoryPressure()> pressure{};
};

class VlmEvaluator {
 public:
  /// Applies the configuration's limits, and the room that is measured, to `pool`. Loads nothing.
  VlmEvaluator(EvaluatorOptions options, std::shared_ptr<MemoryPool> pool);

  /// Blocking: cancels what runs and waits until the engine has given everything back.
  ~VlmEvaluator();
  VlmEvaluator(const VlmEvaluator&) = delete;
  VlmEvaluator& operator=(const VlmEvaluator&) = delete;

  /// Blocking until the model is loaded; at once when it is. Fails with `over_budget`, `out_of_memory`,
  /// `engine` (not a model that this engine knows), `io`, `cancelled`, or `busy` while as many loads and
  /// generations run as the configuration's `answers_at_once`. `cancel`, when given, is the load's own flag:
  /// setting it does what cancel_generation() does, also before the load has begun, so that an early wish is
  /// not lost.
  Expected<ModelHandle> load(const ProgressSink& progress = {}, CancelFlagPtr cancel = {});

  /// Blocking until the answer is complete. Loads the model first when it is not loaded. A cancelled
  /// generation is a result, not an error: it has the text so far and FinishReason::cancelled.
  /// Fails as load() does, with the errors of decode_image() and of VideoFrames, and with `invalid_argument`
  /// when there is no question or the prompt is longer than the model's context. `cancel` as in load().
  /// Several that run together are begun in the order in which they were called. A picture is looked at, and
  /// a prompt read, in pieces between which the other answers go on. None is begun beside others while
  /// pressure is critical, or where there is no room beside them; it waits until there is, or until they have
  /// ended. One that fails or is cancelled changes nothing for the others.
  Expected<GenerationResult> generate(const GenerationRequest& request, const TextSink& on_text = {},
                                      const ProgressSink& on_progress = {}, CancelFlagPtr cancel = {});

  /// Stops the running generations and loads, all of them; each one's own flag stops it alone. What stops and
  /// when: decoding a picture at the next rows, the engine at the next node of its graph, loading at the next
  /// tensor; then cleans up as the pressure asks and never more. One of several answers stops as soon as the
  /// tile or the piece of a prompt that is being read for another one is through. No effect when nothing
  /// runs.
  void cancel_generation() noexcept;

  /// Gives the model's memory back in the background, after the running generations have ended. Those that
  /// were not begun yet wait behind it and load the model again.
  void unload_model() noexcept;

  /// Cancels, unloads, clears the cache; returns before that is done.
  void emergency_memory_reset() noexcept;

  LoadState load_state() const;

  /// The plan of the latest load, also of one that was refused; empty before, or where no plan was asked for.
  std::optional<MemoryPlan> plan() const;

  /// What was given back under pressure, step by step. Thread-safe; lives as long as the evaluator.
  const ReclaimLadder& ladder() const;

  /// "NAME • 500M", with " • Low Memory" on classes that do not keep their model; before the first load
  /// only the name.
  std::string model_info() const;

  const MemoryConfiguration& configuration() const;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace plimsoll
