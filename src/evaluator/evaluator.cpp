#include "plimsoll/evaluator.h"

#include <cmath>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

#include "base/work_thread.h"
#include "engine/engine.h"
#include "engine/question_cache.h"
#include "evaluator/engine_desk.h"
#include "evaluator/pressure_answers.h"
#include "evaluator/text_stream.h"
#include "memory/heap.h"
#include "plimsoll/cancel.h"

namespace plimsoll {

namespace {

constexpr int kExtraRoundsOnUltraLow = 2;  // spec section 4, unload_model

// "500M", "22M", "2.2B": as model names have it.
std::string format_parameters(std::uint64_t count) {
  std::array<char, 32> text{};
  const auto n = static_cast<double>(count);
  const bool billions = n >= 1e9;
  std::snprintf(text.data(), text.size(), billions ? "%.1fB" : "%.0fM", n / (billions ? 1e9 : 1e6));
  return text.data();
}

MemoryPressure measured_pressure(std::uint64_t device_bytes) {
  const auto footprint = read_process_footprint();
  if (!footprint || device_bytes == 0) return MemoryPressure::normal;
  return classify_pressure(footprint->resident_bytes, device_bytes);
}

}  // namespace

struct ModelHandle::Residency {
  ModelInfo info;
  std::function<void()> on_release;

  ~Residency() {
    if (on_release) on_release();
  }
};

const ModelInfo& ModelHandle::info() const { return residency_->info; }

// Three threads of ours meet here, and the monitor's. `mutex` guards what callers and the engine thread both
// touch; `model` is the engine thread's alone.
struct VlmEvaluator::Impl : std::enable_shared_from_this<VlmEvaluator::Impl> {
  using Residency = ModelHandle::Residency;
  using Clock = engine::Engine::Clock;

  Impl(EvaluatorOptions given, std::shared_ptr<MemoryPool> given_pool)
      : options(std::move(given)), configuration(options.configuration), pool(std::move(given_pool)) {
    if (options.threads <= 0)
      options.threads = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
    if (!options.pressure && options.monitor) {
      options.pressure = [monitor = options.monitor] { return monitor->pressure(); };
    } else if (!options.pressure) {
      options.pressure = [bytes = options.device_memory_bytes] { return measured_pressure(bytes); };
    }
    if (!options.budget) {
      options.budget = [this] { return measure_budget(*pool, options.device_memory_bytes); };
    }
    pool->set_memory_limit(configuration.memory_limit_bytes);
    pool->set_cache_limit(configuration.cache_limit_bytes.value_or(options.device_memory_bytes));
    if (is_legacy()) return;  // which began each question from nothing, and knew no pressure
    questions = std::make_shared<engine::QuestionCache>(pool);
    pressure_answers.offer(questions->pictures());
    pressure_answers.offer(questions->prefixes());
    if (options.monitor) pressure_answers.listen_to(options.monitor);
  }

  // Nobody asks for anything any more, and the engine has given everything back.
  void finish() {
    pressure_answers.finish();
    post_unload();
    engine_thread.finish();
    reclaim_thread.finish();
  }

  bool is_legacy() const { return options.configuration.strategy == Strategy::legacy; }

  // ---- any thread ----

  // One load or generation at a time: the claim carries the cancel flag that belongs to it alone.
  Expected<CancelFlagPtr> claim(CancelFlagPtr flag) {
    std::lock_guard lock(mutex);
    if (running) return fail(ErrorCode::busy, "another generation is running; wait for it or cancel it");
    running = flag ? std::move(flag) : std::make_shared<CancelFlag>();
    return running;
  }
  void release_claim() {
    std::lock_guard lock(mutex);
    running.reset();
  }
  void cancel() {
    std::lock_guard lock(mutex);
    if (running) running->cancel();
  }

  // Runs `work` on the engine thread and shows what it streams on this one until it closes the stream.
  void run_and_show(std::function<void(TextStream&)> work, const TextSink& on_text,
                    const ProgressSink& on_progress) {
    auto stream = std::make_shared<TextStream>();
    engine_thread.post([stream, work = std::move(work)] {
      work(*stream);
      stream->close();
    });
    for (bool open = true; open;) {
      const TextStream::Update update = stream->wait();
      if (update.progress && on_progress)
        on_progress(update.progress->stage, update.progress->share, update.progress->what);
      if (!update.text.empty() && on_text) on_text(update.text);
      open = !update.closed;
    }
  }

  std::string load_text(float share) const {
    return "Loading " + options.model.name + ": " + std::to_string(std::lround(share * 100)) + "%";
  }

  void post_unload() {
    engine_thread.post([self = shared_from_this()] { self->unload(); });
  }

  // ---- the engine thread ----

  std::size_t give_back_model() {
    if (!model || answering) return 0;
    const std::size_t before = pool->ledger().active_bytes;
    unload();
    return before - std::min(before, pool->ledger().active_bytes);
  }

  // Whether there is still what the plan counted on.
  bool plan_holds() const {
    constexpr std::size_t kSlackBytes = 16 * kMiB;
    std::size_t planned = 0;
    {
      std::lock_guard lock(mutex);
      if (!plan) return false;
      planned = plan->footprint_bytes;
    }
    const MemoryBudget now = options.budget();
    return now.footprint_bytes + now.growth_bytes + kSlackBytes >= planned;
  }

  Expected<GenerationResult> answer(const GenerationRequest& request, const CancelFlagPtr& flag,
                                    Clock::time_point started, TextStream& stream) {
    answering = true;
    auto result = model->generate(
        {request, configuration, flag, started},
        {.on_piece = [&](std::string_view piece) { stream.push(piece); },
         .on_look = [&](float share,
                        std::string what) { stream.report(Stage::looking, share, std::move(what)); },
         .between_steps = [this] { desk.look_in(); }});
    answering = false;
    return result;
  }

  Expected<std::shared_ptr<Residency>> ensure_loaded(TextStream& stream, const CancelFlagPtr& cancel_flag) {
    if (model && model->damaged()) unload();
    {
      std::lock_guard lock(mutex);
      if (auto resident = residency.lock()) return resident;
    }
    if (!model) {
      auto loaded = load_model(stream, cancel_flag);
      if (!loaded) {
        give_back();
        return tl::unexpected(loaded.error());
      }
      model = std::move(*loaded);
    }
    return make_resident();
  }

  Expected<std::unique_ptr<engine::Engine>> load_model(TextStream& stream, const CancelFlagPtr& cancel_flag) {
    auto opened = engine::Engine::open(
        options.model, pool,
        {.threads = options.threads, .vision_kernels = options.vision_kernels, .cache = questions},
        cancel_flag);
    if (!opened) return opened;
    if (cancel_flag->cancelled()) return fail(ErrorCode::cancelled, "the load was cancelled");
    auto settings = settle(**opened, cancel_flag);
    if (!settings) return tl::unexpected(settings.error());
    const auto report = [&](float share) { stream.report(Stage::loading, share, load_text(share)); };
    auto filled = (*opened)->fill(*settings, report, cancel_flag);
    if (!filled) return tl::unexpected(filled.error());
    return opened;
  }

  // How this load uses memory: as was asked for, or as the plan for what there is now says.
  Expected<EngineSettings> settle(engine::Engine& opened, const CancelFlagPtr& cancel_flag) {
    if (options.engine) return *options.engine;
    const Strategy strategy = options.configuration.strategy;
    if (strategy != Strategy::tiered && strategy != Strategy::fitted) return EngineSettings{};
    const MemoryBudget budget = options.budget();
    auto plan_made = make_plan(opened, budget, cancel_flag);
    if (!plan_made) return tl::unexpected(plan_made.error());
    {
      std::lock_guard lock(mutex);
      plan = *plan_made;
    }
    if (!plan_made->fits()) return tl::unexpected(does_not_fit_error(*plan_made, budget));
    configuration.max_tokens = plan_made->max_tokens;
    return plan_made->settings;
  }

  // With `fitted` a model that leaves the device's pressure normal stays, whatever the class says.
  Expected<MemoryPlan> make_plan(engine::Engine& opened, const MemoryBudget& budget,
                                 const CancelFlagPtr& cancel_flag) {
    configuration = options.configuration;
    if (configuration.strategy == Strategy::fitted && !configuration.keep_model_loaded) {
      configuration.keep_model_loaded = true;
      auto staying = opened.plan(configuration, budget, cancel_flag);
      if (!staying || (staying->fits() && leaves_room(*staying))) return staying;
      configuration.keep_model_loaded = false;
    }
    return opened.plan(configuration, budget, cancel_flag);
  }

  bool leaves_room(const MemoryPlan& made) const {
    return options.device_memory_bytes > 0 &&
           classify_pressure(made.footprint_bytes, options.device_memory_bytes) == MemoryPressure::normal;
  }

  std::shared_ptr<Residency> make_resident() {
    auto resident = std::make_shared<Residency>();
    resident->info = model->info();
    std::lock_guard lock(mutex);
    const std::uint64_t this_load = ++loads;
    resident->on_release = [weak = weak_from_this(), this_load] {
      if (auto self = weak.lock()) {
        self->engine_thread.post([self, this_load] { self->unload_if_still(this_load); });
      }
    };
    residency = resident;
    info = resident->info;
    const bool may_stay = !options.monitor || options.monitor->can_keep_model_loaded();
    if (configuration.keep_model_loaded && may_stay) kept = resident;
    return resident;
  }

  void unload_if_still(std::uint64_t load) {
    {
      std::lock_guard lock(mutex);
      if (load != loads) return;
    }
    unload();
  }

  void unload() {
    std::shared_ptr<Residency> gone;
    {
      std::lock_guard lock(mutex);
      gone = std::exchange(kept, nullptr);
      residency.reset();
      ++loads;  // a handle that is still out there no longer speaks for a model
    }
    if (model) {
      model.reset();
      give_back();
    }
  }

  // What the model leaves behind goes to the operating system without anybody waiting for it.
  void give_back() {
    const bool ultra_low = options.configuration.tier == DeviceMemoryTier::ultra_low;
    reclaim_thread.post([pool = pool, rounds = 1 + (ultra_low ? kExtraRoundsOnUltraLow : 0)] {
      for (int i = 0; i < rounds; ++i) {
        pool->clear_cache();
        memory::trim_heap();
      }
    });
  }

  void clean_up_after_cancel() {
    const CancelCleanup cleanup = cleanup_on_cancel(options.pressure());
    const bool always = configuration.aggressive_cleanup == AggressiveCleanup::on_cancel;
    if (cleanup.unload_model) unload();
    if (!cleanup.clear_cache && !always) return;
    forget_questions();
    give_back();
  }

  void forget_questions() {
    if (questions) questions->clear();
  }

  // What the original app did on its main thread after each answer, and what it cost: the caller waits.
  void clean_up_as_legacy() {
    constexpr int kRounds = 5;
    desk.ask([this] { return give_back_model(); });
    for (int i = 0; i < kRounds; ++i) {
      pool->clear_cache();
      memory::trim_heap();
    }
  }

  EvaluatorOptions options;
  MemoryConfiguration configuration;  // in force: the engine thread's, once a plan has had its say
  std::shared_ptr<MemoryPool> pool;
  std::shared_ptr<engine::QuestionCache> questions;  // outlives the model; nullptr: none is kept
  std::unique_ptr<engine::Engine> model;

  mutable std::mutex mutex;
  CancelFlagPtr running;
  std::weak_ptr<Residency> residency;  // the loaded model's, as long as anybody holds it
  std::shared_ptr<Residency> kept;     // ours, on classes that keep the model
  std::uint64_t loads = 0;
  std::optional<ModelInfo> info;
  std::optional<MemoryPlan> plan;

  bool answering = false;  // the engine thread's

  // Both are finished by the evaluator's destructor, the engine's first because it posts to the other.
  WorkThread reclaim_thread{WorkThread::Priority::low};
  WorkThread engine_thread{WorkThread::Priority::normal};

  EngineDesk desk{engine_thread};
  PressureAnswers pressure_answers{pool,
                                   desk,
                                   {.model = [this] { return model.get(); },
                                    .give_back_model = [this] { return give_back_model(); },
                                    .plan_holds = [this] { return plan_holds(); },
                                    .unload_soon = [this] { post_unload(); }}};
};

VlmEvaluator::VlmEvaluator(EvaluatorOptions options, std::shared_ptr<MemoryPool> pool)
    : impl_(std::make_shared<Impl>(std::move(options), std::move(pool))) {}

VlmEvaluator::~VlmEvaluator() {
  cancel_generation();
  impl_->finish();
}

Expected<ModelHandle> VlmEvaluator::load(const ProgressSink& progress, CancelFlagPtr cancel) {
  auto flag = impl_->claim(std::move(cancel));
  if (!flag) return tl::unexpected(flag.error());
  Expected<std::shared_ptr<ModelHandle::Residency>> resident = nullptr;
  impl_->run_and_show([&](TextStream& stream) { resident = impl_->ensure_loaded(stream, *flag); }, {},
                      progress);
  impl_->release_claim();
  if (!resident) return tl::unexpected(resident.error());
  return ModelHandle(std::move(*resident));
}

Expected<GenerationResult> VlmEvaluator::generate(const GenerationRequest& request, const TextSink& on_text,
                                                  const ProgressSink& on_progress, CancelFlagPtr cancel) {
  const auto started = Impl::Clock::now();
  auto flag = impl_->claim(std::move(cancel));
  if (!flag) return tl::unexpected(flag.error());

  Expected<GenerationResult> result = GenerationResult{};
  const auto work = [&](TextStream& stream) {
    const bool was_loaded = impl_->model != nullptr;
    auto resident = impl_->ensure_loaded(stream, *flag);
    const double load_ms = std::chrono::duration<double, std::milli>(Impl::Clock::now() - started).count();
    if (resident) {
      result = impl_->answer(request, *flag, started, stream);
    } else {
      result = tl::unexpected(resident.error());
    }
    if (!result && result.error().code == ErrorCode::cancelled) {
      result = GenerationResult{.finish_reason = FinishReason::cancelled};
    }
    if (result && !was_loaded) result->timing.load_ms += load_ms;
    if ((*flag)->cancelled()) impl_->clean_up_after_cancel();
  };
  impl_->run_and_show(work, on_text, on_progress);
  if (impl_->is_legacy() && impl_->configuration.aggressive_cleanup == AggressiveCleanup::yes) {
    impl_->clean_up_as_legacy();
  }
  impl_->release_claim();
  return result;
}

void VlmEvaluator::cancel_generation() noexcept { impl_->cancel(); }

void VlmEvaluator::unload_model() noexcept {
  impl_->engine_thread.post([impl = impl_] {
    impl->forget_questions();
    impl->unload();
  });
}

void VlmEvaluator::emergency_memory_reset() noexcept {
  impl_->cancel();
  impl_->engine_thread.post([impl = impl_] {
    impl->forget_questions();
    impl->unload();
    impl->give_back();
  });
}

LoadState VlmEvaluator::load_state() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->kept ? LoadState::loaded : LoadState::idle;
}

std::string VlmEvaluator::model_info() const {
  std::lock_guard lock(impl_->mutex);
  if (!impl_->info) return impl_->options.model.name;
  std::string text = impl_->info->name + " • " + format_parameters(impl_->info->parameters);
  if (!impl_->options.configuration.keep_model_loaded) text += " • Low Memory";
  return text;
}

std::optional<MemoryPlan> VlmEvaluator::plan() const {
  std::lock_guard lock(impl_->mutex);
  return impl_->plan;
}

const ReclaimLadder& VlmEvaluator::ladder() const { return impl_->pressure_answers.ladder(); }

const MemoryConfiguration& VlmEvaluator::configuration() const { return impl_->options.configuration; }

}  // namespace plimsoll
