#include "evaluator/model_loader.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <future>
#include <system_error>
#include <utility>

namespace plimsoll {

Expected<ModelLoader::Loaded> ModelLoader::load(const std::shared_ptr<MemoryPool>& pool,
                                                const std::shared_ptr<engine::QuestionCache>& questions,
                                                const GenerationRequest* question, const Sinks& sinks,
                                                const CancelFlagPtr& cancel) {
  std::unique_ptr<engine::PictureAhead> picture;
  if (question != nullptr && plans() && has_plenty(*pool)) {
    picture = engine::PictureAhead::begin(*question, options_.configuration.image_size, options_.model, pool,
                                          questions, cancel);
  }
  auto loaded = load_beside(picture.get(), pool, questions, sinks, cancel);
  // A picture that is being decoded is measured and pending: what does not fit beside it may fit behind it.
  if (!loaded && loaded.error().code == ErrorCode::over_budget && picture) {
    picture->wait(sinks.meanwhile);
    loaded = load_beside(picture.get(), pool, questions, sinks, cancel);
  }
  if (loaded) loaded->picture = std::move(picture);
  return loaded;
}

Expected<ModelLoader::Loaded> ModelLoader::load_beside(
    const engine::PictureAhead* picture, const std::shared_ptr<MemoryPool>& pool,
    const std::shared_ptr<engine::QuestionCache>& questions, const Sinks& sinks,
    const CancelFlagPtr& cancel) {
  auto prepared = prepare_elsewhere([this, pool, questions, ahead = picture != nullptr,
                                     cancel] { return prepare(pool, questions, ahead, cancel); },
                                    sinks.meanwhile, cancel);
  if (!prepared) return tl::unexpected(prepared.error());
  EngineSettings settings = options_.engine.value_or(EngineSettings{});
  if (const auto& plan = prepared->plan) {
    sinks.on_plan(*plan);
    if (!plan->fits()) return tl::unexpected(does_not_fit_error(*plan, prepared->budget));
    prepared->configuration.max_tokens = plan->max_tokens;
    settings = plan->settings;
  }
  auto filled = prepared->engine->fill(settings, sinks.on_progress, cancel);
  if (!filled) return tl::unexpected(filled.error());
  return Loaded{std::move(prepared->engine), std::move(prepared->configuration), nullptr};
}

Expected<ModelLoader::Prepared> ModelLoader::prepare_elsewhere(std::function<Expected<Prepared>()> prepare,
                                                               const std::function<void()>& meanwhile,
                                                               const CancelFlagPtr& cancel) {
  constexpr std::chrono::milliseconds kGlance{5};
  auto task = std::make_shared<std::packaged_task<Expected<Prepared>()>>(std::move(prepare));
  auto prepared = task->get_future();
  preparing_.post([task = std::move(task)] { (*task)(); });
  while (prepared.wait_for(kGlance) != std::future_status::ready) {
    if (cancel->cancelled()) return fail(ErrorCode::cancelled, "the load was cancelled");
    meanwhile();
  }
  return prepared.get();
}

// How this load uses memory: as was asked for, or as the plan for what there is now says.
Expected<ModelLoader::Prepared> ModelLoader::prepare(const std::shared_ptr<MemoryPool>& pool,
                                                     std::shared_ptr<engine::QuestionCache> questions,
                                                     bool picture_ahead, const CancelFlagPtr& cancel) const {
  auto opened = engine::Engine::open(
      options_.model, pool,
      {.threads = options_.threads, .vision_kernels = options_.vision_kernels, .cache = std::move(questions)},
      cancel);
  if (!opened) return tl::unexpected(opened.error());
  if (cancel->cancelled()) return fail(ErrorCode::cancelled, "the load was cancelled");
  Prepared prepared{.engine = std::move(*opened), .configuration = options_.configuration};
  if (plans()) {
    if (auto planned = plan(prepared, *pool, picture_ahead, cancel); !planned)
      return tl::unexpected(planned.error());
  }
  return prepared;
}

// A budget that was made smaller out of caution gives way before the load is refused.
Expected<void> ModelLoader::plan(Prepared& prepared, const MemoryPool& pool, bool picture_ahead,
                                 const CancelFlagPtr& cancel) const {
  do {
    prepared.budget = budget_now(pool, picture_ahead);
    auto plan = make_plan(*prepared.engine, prepared.configuration, prepared.budget, cancel);
    if (!plan) return tl::unexpected(plan.error());
    prepared.plan = std::move(*plan);
    prepared.plan->steps_down = prepared.budget.steps_down;
  } while (!prepared.plan->fits() && options_.ease_budget && options_.ease_budget());
  return {};
}

// The plan counts a picture, and libraries for it, of its own: what is decoded meanwhile is not to count
// twice.
MemoryBudget ModelLoader::budget_now(const MemoryPool& pool, bool picture_ahead) const {
  MemoryBudget budget = options_.budget();
  if (picture_ahead) {
    const std::size_t ahead = pool.ledger().of(MemoryHolder::media) + engine::PictureAhead::kLibraryBytes;
    budget.footprint_bytes -= std::min(budget.footprint_bytes, ahead);
  }
  return budget;
}

// With `fitted` a model that leaves the device's pressure normal stays, whatever the class says.
Expected<MemoryPlan> ModelLoader::make_plan(engine::Engine& engine, MemoryConfiguration& configuration,
                                            const MemoryBudget& budget, const CancelFlagPtr& cancel) const {
  if (configuration.strategy == Strategy::fitted && !configuration.keep_model_loaded) {
    configuration.keep_model_loaded = true;
    auto staying = engine.plan(configuration, budget, cancel);
    if (!staying || (staying->fits() && leaves_room(*staying))) return staying;
    configuration.keep_model_loaded = false;
  }
  return engine.plan(configuration, budget, cancel);
}

bool ModelLoader::plans() const {
  const Strategy strategy = options_.configuration.strategy;
  return !options_.engine && (strategy == Strategy::tiered || strategy == Strategy::fitted);
}

// Whether there is twice what the files take: then no plan turns on a picture that is decoded beside the
// load.
bool ModelLoader::has_plenty(const MemoryPool& pool) const {
  std::uintmax_t wanted = engine::PictureAhead::kRoomBytes;
  for (const auto& file : {options_.model.text, options_.model.vision}) {
    std::error_code error;
    const std::uintmax_t bytes = std::filesystem::file_size(file, error);
    wanted += error ? 0 : 2 * bytes;
  }
  const MemoryBudget budget = measure_budget(pool, options_.device_memory_bytes);
  const std::size_t growth = budget.growth_bytes;
  return wanted <=
         std::min({growth, budget.line_bytes.value_or(growth), budget.private_bytes.value_or(growth)});
}

bool ModelLoader::leaves_room(const MemoryPlan& plan) const {
  return options_.device_memory_bytes > 0 &&
         classify_pressure(plan.footprint_bytes, options_.device_memory_bytes) == MemoryPressure::normal;
}

}  // namespace plimsoll
