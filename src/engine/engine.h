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

namespace plimsoll::engine {

class Engine {
 public:
  using Clock = std::chrono::steady_clock;
  using PieceSink = std::function<void(std::string_view bytes)>;  // one token; may split a UTF-8 sequence

  /// Blocking. `progress` runs from 0 to 1 over both files.
  static Expected<std::unique_ptr<Engine>> load(const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                                int threads, const Progress& progress,
                                                const CancelFlagPtr& cancel);
  ~Engine();

  const ModelInfo& info() const { return info_; }

  /// Blocking. `started` is when the caller asked, for the time to the first token. A cancelled generation is
  /// a result with what was said so far.
  Expected<GenerationResult> generate(const GenerationRequest& request,
                                      const MemoryConfiguration& configuration, const CancelFlagPtr& cancel,
                                      Clock::time_point started, const PieceSink& sink);

 private:
  Engine(const ModelFiles& files, std::shared_ptr<MemoryPool> pool, int threads);

  Expected<std::vector<Image>> decode_images(const GenerationRequest& request, int image_size,
                                             const CancelFlagPtr& cancel);
  Expected<std::string> render(const GenerationRequest& request) const;
  Expected<void> make_room(int prompt_tokens, int image_tokens, int max_tokens, int widest_batch);
  Expected<void> run_prompt(const GenerationRequest& request, const MemoryConfiguration& configuration,
                            const CancelFlagPtr& cancel, GenerationResult& result);
  Expected<void> write_answer(const GenerationRequest& request, const MemoryConfiguration& configuration,
                              const CancelFlagPtr& cancel, Clock::time_point started, const PieceSink& sink,
                              GenerationResult& result);

  std::shared_ptr<MemoryPool> pool_;
  int threads_;
  std::optional<std::string> own_system_prompt_;
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
