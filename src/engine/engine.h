// A model: language model and vision encoder on the governed device, and how a question goes through them.
// Used by one thread at a time; the one that fills it also uses and destroys it.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/answer_group.h"
#include "engine/asked_picture.h"
#include "engine/model_files.h"
#include "engine/prompt.h"
#include "engine/question.h"
#include "engine/question_cache.h"
#include "engine/vision_encoder.h"
#include "plimsoll/evaluator.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

class Engine {
 public:
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

  // ---- answers, of which as many are written together as the settings say. REQUIRES: filled. ----

  /// Reads the question and begins its answer; `on_answered` is told when that ends, which may be here.
  /// Blocking while pictures are looked at and the prompt is read, between which the others go on. One that
  /// needs more than there is beside them waits here until they have ended. A cancelled generation is a
  /// result with what was said so far. REQUIRES: has_room().
  void begin(const Question& question, const Sinks& sinks, OnAnswered on_answered);
  /// Whether another one may begin now.
  bool has_room() const { return !group_.writing() || group_.has_room(); }
  bool writing() const { return group_.writing(); }
  /// One token for each answer. Blocking.
  void step() { group_.step(); }

  // What can leave and come back. Each may be called between two steps, between two tiles, and from inside an
  // allocation; gives nothing while it is needed. Returns the bytes that left the ledger.
  std::size_t give_back_vision();
  /// While answers are written: the room for others beside them.
  std::size_t give_back_context();
  /// While answers are written: half of the layers that a streaming plan keeps; they go on, slower.
  std::size_t give_back_layers();
  /// While answers are written: what is beyond a short rest of them, and the room for others; those that
  /// are cut by it end with FinishReason::memory. Otherwise as give_back_context().
  std::size_t shorten_answer();

 private:
  // Of the question that is being read. looking: the encoder is in use. preparing: the context is being made
  // and filled, or the weights are.
  enum class Phase { idle, looking, preparing };

  // The beginning of a prompt that need not go through the model again.
  struct Beginning {
    std::size_t parts = 0;
    PromptPrefixPtr saved;  // nullptr: it is what the reserved place of the group holds
  };
  using AskedVideos = std::vector<std::shared_ptr<AskedVideo>>;  // one for each turn that has one
  Engine(const ModelFiles& files, std::shared_ptr<MemoryPool> pool, Options options);

  Expected<void> fill_both(const Progress& progress, const CancelFlagPtr& cancel);
  template <typename Free>
  std::size_t freed_by(Free free);
  bool sees() const { return !files_.vision.empty(); }
  Expected<void> load_vision(const Progress& progress, const CancelFlagPtr& cancel);
  Expected<void> settle_text_weights();

  Expected<void> check(const GenerationRequest& request) const;
  bool has_room_for_context(int tokens) const;
  int frame_side(const MemoryConfiguration& configuration) const;
  int positions_of_frame(int measured) const;
  int most_positions_of_picture(int image_size) const;
  Expected<AskedVideos> open_videos(const Question& question) const;
  Expected<void> choose_frames(const Question& question, const AskedVideos& videos,
                               int frame_positions) const;
  Expected<std::string> render(const Question& question, const AskedVideos& videos,
                               std::vector<AskedPicture>& pictures) const;
  Expected<Prompt> lay_out(const Question& question, std::vector<AskedPicture>& pictures,
                           GenerationResult& result, int frame_positions) const;

  Beginning find_beginning(Prompt& prompt);
  PromptPrefixPtr save_place(int place);
  void secure(Beginning& beginning, const Prompt& prompt, const Question& question, bool all_seen);

  Expected<void> bring_vision_in(const Question& question, const Sinks& sinks, GenerationResult& result);
  Expected<Image> decode(const AskedPicture& picture, const Question& question, const Sinks& sinks);
  Expected<EncodedPicturePtr> look_at(const AskedPicture& picture, const Question& question,
                                      const Sinks& sinks, const VisionEncoder::TileSink& on_tile,
                                      GenerationResult& result);
  Expected<void> show_pictures(Prompt& prompt, const std::vector<AskedPicture>& pictures,
                               const Beginning& beginning, const Question& question, const Sinks& sinks,
                               GenerationResult& result);

  void let_others_write(const Sinks& sinks);
  Expected<void> let_others_finish(const Question& question, const Sinks& sinks);

  int tokens_for(const Prompt& prompt, int max_tokens) const;
  int sequences_for(int tokens) const;
  bool fits_context(const Prompt& prompt, int max_tokens) const;
  Expected<bool> make_room(const Prompt& prompt, Beginning& beginning, const Question& question,
                           const Sinks& sinks, GenerationResult& result);
  Expected<void> make_context(int tokens, int widest_batch, GenerationResult& result);

  Expected<void> go_on_from(const Beginning& beginning, int place);
  void remember(int place);
  Expected<void> prefill(const Prompt& prompt, int place, const Question& question, const Sinks& sinks,
                         GenerationResult& result);
  // How a prompt is read once more.
  struct Reread {
    bool afresh = false;      // nothing is known of it
    int frame_positions = 0;  // above 0: what a frame of a video took the first time
  };
  Expected<int> read_prompt(const Question& question, const Sinks& sinks, GenerationResult& result,
                            Reread reread);
  Expected<std::optional<AnswerGrammar>> grammar_of(const GenerationRequest& request) const;

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
  AnswerGroup group_;

  Phase phase_ = Phase::idle;
  Clock::time_point piece_began_{};  // of reading, since the others wrote last
  double lent_ms_ = 0;               // of reading, to the others
};

}  // namespace plimsoll::engine
