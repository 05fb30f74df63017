// A model: language model and vision encoder on the governed device, and how a question goes through them.
// Belongs to one thread: the one that opens it also uses and destroys it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/asked_picture.h"
#include "engine/model_files.h"
#include "engine/prompt.h"
#include "engine/question_cache.h"
#include "engine/text_context.h"
#include "engine/vision_encoder.h"
#include "plimsoll/evaluator.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

class AnswerGrammar;

class Engine {
 public:
  using Clock = std::chrono::steady_clock;

  struct Options {
    int threads = 1;
    VisionKernels vision_kernels = VisionKernels::best;
    // What questions leave behind for later ones, to this model or others; nullptr: each begins from nothing.
    std::shared_ptr<QuestionCache> cache{};
  };
  /// Reads shapes and vocabulary, no weights. Blocking, a tenth of a second.
  static Expected<std::unique_ptr<Engine>> open(const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                                Options options, const CancelFlagPtr& cancel);
  ~Engine();

  /// See MemoryPlanner::plan(); fails with `cancelled` too. REQUIRES: not filled.
  Expected<MemoryPlan> plan(const MemoryConfiguration& configuration, const MemoryBudget& budget,
                            const CancelFlagPtr& cancel);

  /// Loads the weights. Blocking. `progress` runs from 0 to 1 over both files. After a failure only the
  /// destructor may be called.
  Expected<void> fill(const EngineSettings& settings, const Progress& progress, const CancelFlagPtr& cancel);

  const ModelInfo& info() const { return info_; }

  /// Whether its file was changed under its feet: only a new load helps. REQUIRES: filled.
  bool damaged() const { return text_->weights().damaged(); }

  struct Question {
    const GenerationRequest& request;
    const MemoryConfiguration& configuration;
    const CancelFlagPtr& cancel;
    Clock::time_point started;  // when the caller asked, for the time to the first token

    int max_tokens() const { return request.max_tokens.value_or(configuration.max_tokens); }
  };
  /// What is told on the way. Each may be empty.
  struct Sinks {
    std::function<void(std::string_view bytes)> on_piece{};  // one token; may split a UTF-8 sequence
    // While pictures are looked at: the share that is done, and which one it is.
    std::function<void(float share, std::string what)> on_look{};
    std::function<void()> between_steps{};  // between two tokens, two tiles: the time to give memory back
  };
  /// Blocking. A cancelled generation is a result with what was said so far. REQUIRES: filled.
  Expected<GenerationResult> generate(const Question& question, const Sinks& sinks);

  // What can leave and come back. Each may be called between two steps of generate(), and from inside an
  // allocation; gives nothing while it is needed. Returns the bytes that left the ledger.
  std::size_t give_back_vision();
  std::size_t give_back_context();
  /// In the middle of an answer: half of the layers that a streaming plan keeps; it goes on, slower.
  std::size_t give_back_layers();
  /// In the middle of an answer: what is beyond a short rest of it, which then ends with
  /// FinishReason::memory. Otherwise as give_back_context().
  std::size_t shorten_answer();

 private:
  // looking: the encoder is in use. preparing: the context is being made and filled, or the weights are.
  enum class Phase { idle, looking, preparing, answering };

  // The beginning of a prompt that need not go through the model again.
  struct Beginning {
    std::size_t parts = 0;
    PromptPrefixPtr saved;  // nullptr: it is what the context holds
  };
  Engine(const ModelFiles& files, std::shared_ptr<MemoryPool> pool, Options options);

  Expected<void> fill_both(const Progress& progress, const CancelFlagPtr& cancel);
  template <typename Free>
  std::size_t freed_by(Free free);
  bool sees() const { return !files_.vision.empty(); }
  Expected<void> load_vision(const Progress& progress, const CancelFlagPtr& cancel);
  Expected<void> settle_text_weights();

  Expected<void> check(const GenerationRequest& request) const;
  int frames_that_fit(const Question& question) const;
  bool has_room_for_context(int tokens) const;
  Expected<std::string> add_video(const VideoSource& source, const Question& question,
                                  std::vector<AskedPicture>& pictures, GenerationResult& result) const;
  Expected<std::string> render(const Question& question, std::vector<AskedPicture>& pictures,
                               GenerationResult& result) const;
  Expected<Prompt> lay_out(const Question& question, std::vector<AskedPicture>& pictures,
                           GenerationResult& result) const;

  Beginning find_beginning(Prompt& prompt);
  void secure(Beginning& beginning, const Prompt& prompt, const Question& question, bool all_seen);

  Expected<void> bring_vision_in(const CancelFlagPtr& cancel, GenerationResult& result);
  Expected<EncodedPicturePtr> look_at(const AskedPicture& picture, const Question& question,
                                      const VisionEncoder::TileSink& on_tile, GenerationResult& result);
  Expected<void> show_pictures(Prompt& prompt, const std::vector<AskedPicture>& pictures,
                               const Beginning& beginning, const Question& question, const Sinks& sinks,
                               GenerationResult& result);

  int tokens_for(const Prompt& prompt, int max_tokens) const;
  bool fits_context(const Prompt& prompt, int max_tokens) const;
  Expected<void> make_room(const Prompt& prompt, int max_tokens, GenerationResult& result);
  Expected<void> make_context(int tokens, int widest_batch, GenerationResult& result);

  Expected<void> go_on_from(const Beginning& beginning);
  void remember_context();
  Expected<void> prefill(const Prompt& prompt, const CancelFlagPtr& cancel);
  Expected<void> read_prompt(const Question& question, const Sinks& sinks, GenerationResult& result,
                             bool afresh = false);
  Expected<void> write_answer(const Question& question, AnswerGrammar* grammar, const Sinks& sinks,
                              GenerationResult& result);

  std::shared_ptr<MemoryPool> pool_;
  ModelFiles files_;
  ModelFileSummary vision_file_;
  EngineSettings settings_;
  Options options_;
  ModelInfo info_;
  // Devices first: everything below is made on them.
  GovernedDevice text_device_;
  GovernedDevice vision_device_;
  MappedNote mapped_;
  std::unique_ptr<TextModel> text_;
  std::unique_ptr<VisionEncoder> vision_;
  std::unique_ptr<TextContext> context_;
  PromptParts in_context_;  // what the context holds; of no meaning without one

  Phase phase_ = Phase::idle;
  bool shortened_ = false;  // the running answer
};

}  // namespace plimsoll::engine
