// A loaded model: language model and vision encoder on the governed device, and how a question goes through
// them. Belongs to one thread: the one that loads it also uses and destroys it.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string_view>

#include "engine/text_context.h"
#include "engine/vision_encoder.h"
#include "plimsoll/evaluator.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

class Engine {
 public:
  using Clock = std::chrono::steady_clock;
  using PieceSink = std::function<void(std::string_view bytes)>;  // one token; may split a UTF-8 sequence

  /// Blocking. `progress` runs from 0 to 1 over both files.
  static Expected<std::unique_ptr<Engine>> load(const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                                const EngineSettings& settings, int threads,
                                                const Progress& progress, const CancelFlagPtr& cancel);
  ~Engine();

  const ModelInfo& info() const { return info_; }

  /// Blocking. `started` is when the caller asked, for the time to the first token. A cancelled generation is
  /// a result with what was said so far.
  Expected<GenerationResult> generate(const GenerationRequest& request,
                                      const MemoryConfiguration& configuration, const CancelFlagPtr& cancel,
                                      Clock::time_point started, const PieceSink& sink);

 private:
  Engine(const ModelFiles& files, std::shared_ptr<MemoryPool> pool, const EngineSettings& settings,
         int threads);

  Expected<void> load_vision(const Progress& progress, const CancelFlagPtr& cancel);
  Expected<void> settle_text_weights();

  Expected<std::vector<Image>> decode_images(const GenerationRequest& request, int image_size,
                                             const CancelFlagPtr& cancel);
  Expected<std::string> render(const GenerationRequest& request) const;
  Expected<void> make_room(int prompt_tokens, int image_tokens, int max_tokens, int widest_batch);
  bool sees() const { return !files_.vision.empty(); }
  Expected<void> bring_vision_in(const CancelFlagPtr& cancel, GenerationResult& result);
  Expected<std::unique_ptr<LaidOutPrompt>> look(const GenerationRequest& request, int image_size,
                                                const CancelFlagPtr& cancel, GenerationResult& result);
  Expected<void> run_text(const GenerationRequest& request, int max_tokens, const CancelFlagPtr& cancel,
                          GenerationResult& result);
  Expected<void> run_pictures(const GenerationRequest& request, int image_size, int max_tokens,
                              const CancelFlagPtr& cancel, GenerationResult& result);
  Expected<void> run_prompt(const GenerationRequest& request, const MemoryConfiguration& configuration,
                            const CancelFlagPtr& cancel, GenerationResult& result);
  Expected<void> write_answer(const GenerationRequest& request, const MemoryConfiguration& configuration,
                              const CancelFlagPtr& cancel, Clock::time_point started, const PieceSink& sink,
                              GenerationResult& result);

  std::shared_ptr<MemoryPool> pool_;
  ModelFiles files_;
  EngineSettings settings_;
  int threads_;
  ModelInfo info_;
  // Devices first: everything below is made on them.
  GovernedDevice text_device_;
  GovernedDevice vision_device_;
  MappedNote mapped_;
  std::unique_ptr<TextModel> text_;
  std::unique_ptr<VisionEncoder> vision_;
  std::unique_ptr<TextContext> context_;
};

}  // namespace plimsoll::engine
