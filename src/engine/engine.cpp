#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/model_files.h"
#include "engine/model_needs.h"
#include "engine/mtmd_encoder.h"
#include "engine/planner.h"

namespace plimsoll::engine {

Engine::Engine(const ModelFiles& files, std::shared_ptr<MemoryPool> pool, int threads)
    : pool_(std::move(pool)),
      files_(files),
      threads_(threads),
      text_device_(pool_, {MemoryHolder::weights_text, MemoryHolder::compute_text}, threads, true),
      vision_device_(pool_, {MemoryHolder::weights_vision, MemoryHolder::compute_vision}, threads, false) {
  info_.name = files.name;
}

Engine::~Engine() = default;

Expected<std::unique_ptr<Engine>> Engine::open(const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                               int threads) {
  std::unique_ptr<Engine> engine(new Engine(files, std::move(pool), threads));
  for (const auto& path : {files.text, files.vision}) {
    if (path.empty()) continue;
    auto file = read_model_file(path);
    if (!file) return tl::unexpected(file.error());
    engine->info_.parameters += file->parameters;
  }
  auto text = TextModel::open(files.text, engine->text_device_);
  if (!text) return tl::unexpected(text.error());
  engine->text_ = std::move(*text);
  engine->info_.context_length = engine->text_->context_length();
  return engine;
}

Expected<MemoryPlan> Engine::plan(const MemoryConfiguration& configuration, const MemoryBudget& budget) {
  auto needs = read_needs(*text_, files_.vision, threads_);
  if (!needs) return tl::unexpected(needs.error());
  return make_plan(*needs, configuration, budget);
}

Expected<void> Engine::fill(const EngineSettings& settings, const Progress& progress,
                            const CancelFlagPtr& cancel) {
  settings_ = settings;
  const bool with_vision = sees() && settings.vision == VisionResidency::resident;
  const auto layout = settings.streamed_text_resident_bytes ? WeightLayout::streamed
                      : settings.repack                     ? WeightLayout::repacked
                                                            : WeightLayout::plain;
  // By bytes the language model is about as much of the load as this.
  const float text_share = with_vision ? 0.75F : 1.0F;
  auto filled = text_->fill(
      layout,
      [&](float share) {
        if (progress) progress(share * text_share);
      },
      cancel);
  if (!filled) return filled;
  mapped_ = pool_->note_mapped(text_->weights().mapped_bytes());
  if (!with_vision) return {};
  return load_vision(
      [&](float share) {
        if (progress) progress(text_share + share * (1 - text_share));
      },
      cancel);
}

Expected<void> Engine::load_vision(const Progress& progress, const CancelFlagPtr& cancel) {
  auto vision = load_mtmd_encoder(files_.vision, *text_, *pool_, vision_device_, threads_, progress, cancel);
  if (!vision) return tl::unexpected(vision.error());
  vision_ = std::move(*vision);
  return {};
}

// As many layers stay as the plan and what there is now allow; what a picture needed is gone by now.
Expected<void> Engine::settle_text_weights() {
  TextWeights& weights = text_->weights();
  if (!weights.streamed() || weights.settled()) return {};
  const MemoryLedger ledger = pool_->ledger();
  std::size_t room = *settings_.streamed_text_resident_bytes;
  if (ledger.memory_limit_bytes) {
    room = std::min(room, *ledger.memory_limit_bytes - std::min(*ledger.memory_limit_bytes, ledger.active_bytes));
  }
  return weights.keep_layers(room);
}

// ---- what can leave -----------------------------------------------------------------------------------------

std::size_t Engine::reclaimable_vision_bytes() const {
  if (!vision_ || phase_ == Phase::looking) return 0;
  const MemoryLedger ledger = pool_->ledger();
  return ledger.of(MemoryHolder::weights_vision) + ledger.of(MemoryHolder::compute_vision);
}

std::size_t Engine::give_back_vision() {
  const std::size_t bytes = reclaimable_vision_bytes();
  if (bytes > 0) vision_.reset();
  return bytes;
}

std::size_t Engine::reclaimable_context_bytes() const {
  if (!context_) return 0;
  const MemoryLedger ledger = pool_->ledger();
  const std::size_t kv = ledger.of(MemoryHolder::kv);
  if (phase_ != Phase::answering) return kv + ledger.of(MemoryHolder::compute_text);
  const auto rest = static_cast<std::size_t>(context_->spare_tokens(kShortRest));
  return kv * rest / static_cast<std::size_t>(std::max(1, context_->size().tokens));
}

std::size_t Engine::give_back_context() {
  const std::size_t before = pool_->ledger().active_bytes;
  if (reclaimable_context_bytes() == 0) return 0;
  if (phase_ != Phase::answering) {
    context_.reset();
  } else if (!context_->shrink(kShortRest)) {
    context_.reset();
    end_answer();
  }
  return before - std::min(before, pool_->ledger().active_bytes);
}

}  // namespace plimsoll::engine
