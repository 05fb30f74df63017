#include "engine/engine.h"

#include <algorithm>
#include <utility>

#include "engine/draft.h"
#include "engine/model_files.h"
#include "engine/model_needs.h"
#include "engine/planner.h"
#include "engine/sequence_state.h"
#include "engine/vision_loader.h"

namespace plimsoll::engine {

Engine::Engine(const ModelFiles& files, std::shared_ptr<MemoryPool> pool, Options options)
    : pool_(std::move(pool)),
      files_(files),
      options_(std::move(options)),
      text_device_(pool_, {MemoryHolder::weights_text, MemoryHolder::compute_text}, options_.threads, true,
                   true),
      vision_device_(pool_, {MemoryHolder::weights_vision, MemoryHolder::compute_vision}, options_.threads,
                     false) {
  info_.name = files.name;
}

Engine::~Engine() = default;

Expected<std::unique_ptr<Engine>> Engine::open(const ModelFiles& files, std::shared_ptr<MemoryPool> pool,
                                               Options options, const CancelFlagPtr& cancel) {
  std::unique_ptr<Engine> engine(new Engine(files, std::move(pool), std::move(options)));
  if (!files.vision.empty()) {
    auto file = read_model_file(files.vision);
    if (!file) return tl::unexpected(file.error());
    engine->vision_file_ = std::move(*file);
  }
  auto text = TextModel::open(files.text, engine->text_device_, cancel);
  if (!text) return tl::unexpected(text.error());
  engine->text_ = std::move(*text);
  engine->info_.parameters = engine->text_->parameters() + engine->vision_file_.parameters;
  engine->info_.context_length = engine->text_->context_length();
  return engine;
}

Expected<MemoryPlan> Engine::plan(const MemoryConfiguration& configuration, const MemoryBudget& budget,
                                  const CancelFlagPtr& cancel) {
  auto needs = read_needs(*text_, files_.vision, options_.vision_kernels, options_.threads, cancel);
  if (!needs) return tl::unexpected(needs.error());
  auto plan = make_plan(*needs, configuration, budget);
  if (plan && plan->fits() && plan->streamed_bytes > 0) {
    const auto sketch = text_->sketch_weights(WeightLayout::streamed);
    const double rate = sketch ? (*sketch)->measure_reading() : 0;
    plan->expected_tokens_per_second = rate / static_cast<double>(plan->streamed_bytes);
  }
  return plan;
}

Expected<void> Engine::fill(const EngineSettings& settings, const Progress& progress,
                            const CancelFlagPtr& cancel) {
  settings_ = settings;
  settings_.answers_at_once = std::clamp(settings.answers_at_once, 1, most_sequences(text_->get()));
  phase_ = Phase::preparing;
  auto filled = fill_both(progress, cancel);
  phase_ = Phase::idle;
  return filled;
}

Expected<void> Engine::fill_both(const Progress& progress, const CancelFlagPtr& cancel) {
  const EngineSettings& settings = settings_;
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
  auto vision = load_vision_encoder(files_.vision, options_.vision_kernels, *text_, vision_device_,
                                    options_.threads, progress, cancel);
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
    room = std::min(room,
                    *ledger.memory_limit_bytes - std::min(*ledger.memory_limit_bytes, ledger.active_bytes));
  }
  return weights.keep_layers(room);
}

// ---- what can leave ----

std::size_t Engine::give_back_vision() {
  const bool needed =
      phase_ == Phase::looking || (phase_ == Phase::preparing && vision_ && !vision_->can_leave());
  if (!vision_ || needed) return 0;
  return freed_by([&] { vision_.reset(); });
}

std::size_t Engine::give_back_context() {
  if (phase_ == Phase::preparing || group_.in_step()) return 0;
  return freed_by([&] {
    if (group_.writing()) {
      group_.narrow();
    } else {
      group_.drop_context();
    }
  });
}

std::size_t Engine::give_back_layers() {
  const bool answering = phase_ == Phase::idle && group_.writing() && !group_.in_step();
  if (!answering || !text_->weights().streamed()) return 0;
  return freed_by([&] {
    if (!text_->weights().keep_fewer_layers()) group_.drop_context();  // the answers end here
  });
}

std::size_t Engine::shorten_answer() {
  if (phase_ == Phase::preparing || group_.in_step()) return 0;
  if (!group_.writing()) return give_back_context();
  return freed_by([&] { group_.shorten(kShortestAnswer); });
}

template <typename Free>
std::size_t Engine::freed_by(Free free) {
  const std::size_t before = pool_->ledger().active_bytes;
  free();
  return before - std::min(before, pool_->ledger().active_bytes);
}

// ---- answers ----

Expected<std::optional<AnswerGrammar>> Engine::grammar_of(const GenerationRequest& request) const {
  if (request.grammar.empty()) return std::nullopt;
  auto parsed = AnswerGrammar::parse(request.grammar, text_->vocabulary());
  if (!parsed) return tl::unexpected(parsed.error());
  return std::optional(std::move(*parsed));
}

void Engine::begin(const Question& question, const Sinks& sinks, OnAnswered on_answered) {
  if (question.request.turns.empty()) {
    return on_answered(fail(ErrorCode::invalid_argument, "there is no question to answer"));
  }
  auto grammar = grammar_of(question.request);
  if (!grammar) return on_answered(tl::unexpected(grammar.error()));
  text_device_.listen_to({question.cancel});
  vision_device_.listen_to({question.cancel});
  piece_began_ = Clock::now();
  GenerationResult result;
  const auto place = read_prompt(question, sinks, result, {});
  phase_ = Phase::idle;
  if (place) {
    auto answer = std::make_unique<Answer>(question, sinks, std::move(on_answered), std::move(*grammar),
                                           *text_, std::move(result));
    return group_.begin(*place, std::move(answer));
  }
  // What a stopped graph left behind is of no use.
  if (const auto half_read = group_.reserved()) {
    group_.clear(*half_read);
  } else if (!group_.writing()) {
    group_.drop_context();
  }
  group_.release_reserved();
  if (place.error().code != ErrorCode::cancelled) return on_answered(tl::unexpected(place.error()));
  result.finish_reason = FinishReason::cancelled;
  on_answered(std::move(result));
}

}  // namespace plimsoll::engine
