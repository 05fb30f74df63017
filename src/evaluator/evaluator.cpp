#include "plimsoll/evaluator.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <mutex>
#include <thread>
#include <utility>

#include "base/work_thread.h"
#include "engine/engine.h"
#include "engine/question_cache.h"
#include "evaluator/arrivals.h"
#include "evaluator/engine_desk.h"
#include "evaluator/leftovers.h"
#include "evaluator/model_loader.h"
#include "evaluator/pressure_answers.h"
#include "memory/heap.h"
#include "plimsoll/cancel.h"

namespace plimsoll {

namespace {

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
    if (!options.room) {
      options.room = [bytes = options.device_memory_bytes](const PendingMemory& pending) {
        return measure_room(bytes, pending);
      };
    }
    pool->set_room_probe(knows_its_device() ? options.room : RoomProbe{});
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
    loader.finish();
    reclaim_thread.finish();
  }

  bool knows_its_device() const {
    return configuration.strategy == Strategy::tiered || configuration.strategy == Strategy::fitted;
  }
  bool is_legacy() const { return options.configuration.strategy == Strategy::legacy; }

  // ---- any thread ----

  // As many loads and generations at a time as the configuration says.
  Expected<JobPtr> accept(const GenerationRequest* request, CancelFlagPtr flag) {
    auto job = std::make_shared<Job>();
    job->request = request;
    job->cancel = flag ? std::move(flag) : std::make_shared<CancelFlag>();
    {
      std::lock_guard lock(mutex);
      if (static_cast<int>(running.size()) >= std::max(1, options.configuration.answers_at_once))
        return fail(ErrorCode::busy, "another generation is running; wait for it or cancel it");
      running.push_back(job);
    }
    arrivals.push(job);
    engine_thread.post([this] { attend(); });
    return job;
  }
  void dismiss(const JobPtr& job) {
    std::lock_guard lock(mutex);
    std::erase(running, job);
  }
  void cancel() {
    std::lock_guard lock(mutex);
    for (const JobPtr& job : running) job->cancel->cancel();
  }

  // Shows on this thread what a job streams on the engine's, until the stream is closed.
  void show(Job& job, const TextSink& on_text, const ProgressSink& on_progress) {
    for (bool open = true; open;) {
      const TextStream::Update update = job.stream.wait();
      if (update.progress && on_progress)
        on_progress(update.progress->stage, update.progress->share, update.progress->what);
      if (!update.text.empty() && on_text) on_text(update.text);
      open = !update.closed;
    }
  }

  std::string load_text(float share) const {
    return "Loading " + options.model.name + ": " + std::to_string(std::lround(share * 100)) + "%";
  }

  // Whoever came before is still answered, whoever comes later waits until it is done.
  void post_unload(std::function<void()> also = {}) {
    arrivals.hold();
    engine_thread.post([self = shared_from_this(), also = std::move(also)] {
      if (also) also();
      self->unload();
      self->arrivals.release();
      self->attend();
    });
  }

  // ---- the engine thread ----

  // Begins those that wait and writes their answers, until there are none.
  void attend() {
    for (;;) {
      while (may_begin()) {
        if (const JobPtr job = arrivals.next()) begin(job);
        look_around();
      }
      if (!model || !model->writing()) return;
      model->step();
      serve_others();
    }
  }

  bool is_busy() const { return reading || (model && model->writing()); }

  // Beside others only where memory is not short.
  bool may_begin() const {
    if (!arrivals.is_next()) return false;
    if (!model || !model->writing()) return true;
    return model->has_room() && options.pressure() != MemoryPressure::critical;
  }

  void begin(const JobPtr& job) {
    reading = true;
    const bool was_loaded = model != nullptr;
    auto resident = ensure_loaded(*job);
    if (!was_loaded) job->load_ms = engine::ms_since(job->started);
    if (!resident) {
      end(job, tl::unexpected(resident.error()));
    } else {
      job->model = std::move(*resident);
      if (job->request != nullptr) {
        begin_answer(job);
        job->picture.reset();
      } else {
        end(job, GenerationResult{});
      }
    }
    reading = false;
  }

  void begin_answer(const JobPtr& job) {
    model->begin(
        {*job->request, configuration, job->cancel, job->started, job->picture.get()},
        {.on_piece = [job](std::string_view piece) { job->stream.push(piece); },
         .on_look = [job](float share,
                          std::string what) { job->stream.report(Stage::looking, share, std::move(what)); },
         .between_tiles = [this] { serve_others(); },
         .others_wrote = [this] { look_around(); }},
        [this, job](Expected<GenerationResult> result) { end(job, std::move(result)); });
  }

  // The engine may still be in the middle of something: what a cancel asks for is done when it is not.
  void end(const JobPtr& job, Expected<GenerationResult> result) {
    job->result = std::move(result);
    if (job->request != nullptr && job->cancel->cancelled()) {
      cancelled.push_back(job);
    } else {
      tell(*job);
    }
  }

  void tell(Job& job) {
    job.picture.reset();  // reads the request, which is gone as soon as the stream is closed
    if (job.request != nullptr) job.model.reset();
    job.stream.close();
  }

  // Those whom nobody wants any more are told, whether they were begun or not.
  void look_around() {
    for (const JobPtr& job : std::exchange(cancelled, {})) {
      clean_up_after_cancel();
      tell(*job);
    }
    for (const JobPtr& job : arrivals.take_cancelled()) {
      job->result = fail(ErrorCode::cancelled, "cancelled before it was begun");
      tell(*job);
    }
  }

  // Between two pieces of work.
  void serve_others() {
    look_around();
    desk.look_in();
  }

  std::size_t give_back_model() {
    if (!model || is_busy()) return 0;
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

  Expected<std::shared_ptr<Residency>> ensure_loaded(Job& job) {
    if (model && model->damaged()) {
      while (model->writing()) model->step();  // each ends with the error
      unload();
    }
    {
      std::lock_guard lock(mutex);
      if (auto resident = residency.lock()) return resident;
    }
    if (!model) {
      auto loaded = load_model(job);
      if (!loaded) return tl::unexpected(loaded.error());
    }
    return make_resident();
  }

  Expected<void> load_model(Job& job) {
    const auto report = [&](float share) {
      job.stream.report(Stage::loading, share, load_text(share));
      arrivals.report(share, load_text(share));
      look_around();
    };
    const auto note_plan = [&](const MemoryPlan& made) {
      std::lock_guard lock(mutex);
      plan = made;
    };
    auto loaded = loader.load(
        pool, questions, job.request,
        {.on_progress = report, .meanwhile = [this] { serve_others(); }, .on_plan = note_plan}, job.cancel);
    if (!loaded) {
      loader.afterwards([this] { give_back(); });
      return tl::unexpected(loaded.error());
    }
    model = std::move(loaded->engine);
    configuration = std::move(loaded->configuration);
    job.picture = std::move(loaded->picture);
    return {};
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
    reclaim_thread.post(
        [pool = pool, tier = options.configuration.tier] { give_back_leftovers(*pool, tier); });
  }

  void clean_up_after_cancel() {
    const CancelCleanup cleanup = cleanup_on_cancel(options.pressure());
    const bool always = configuration.aggressive_cleanup == AggressiveCleanup::on_cancel;
    if (cleanup.unload_model && is_busy()) {
      post_unload();
    } else if (cleanup.unload_model) {
      unload();
    }
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
  std::vector<JobPtr> running;         // accepted, and their callers do not know the outcome yet
  std::weak_ptr<Residency> residency;  // the loaded model's, as long as anybody holds it
  std::shared_ptr<Residency> kept;     // ours, on classes that keep the model
  std::uint64_t loads = 0;
  std::optional<ModelInfo> info;
  std::optional<MemoryPlan> plan;

  Arrivals arrivals;
  // The engine thread's.
  bool reading = false;
  std::vector<JobPtr> cancelled;  // have ended, and nobody was told

  // All are finished by the evaluator's destructor, in the order in which they post to each other.
  WorkThread reclaim_thread{WorkThread::Priority::low};
  ModelLoader loader{options};
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
  const auto job = impl_->accept(nullptr, std::move(cancel));
  if (!job) return tl::unexpected(job.error());
  impl_->show(**job, {}, progress);
  impl_->dismiss(*job);
  if (!(*job)->result) return tl::unexpected((*job)->result.error());
  return ModelHandle(std::static_pointer_cast<ModelHandle::Residency>((*job)->model));
}

Expected<GenerationResult> VlmEvaluator::generate(const GenerationRequest& request, const TextSink& on_text,
                                                  const ProgressSink& on_progress, CancelFlagPtr cancel) {
  const auto job = impl_->accept(&request, std::move(cancel));
  if (!job) return tl::unexpected(job.error());
  impl_->show(**job, on_text, on_progress);
  if (impl_->is_legacy() && impl_->configuration.aggressive_cleanup == AggressiveCleanup::yes) {
    impl_->clean_up_as_legacy();
  }
  impl_->dismiss(*job);
  Expected<GenerationResult> result = std::move((*job)->result);
  if (!result && result.error().code == ErrorCode::cancelled) {
    result = GenerationResult{.finish_reason = FinishReason::cancelled};
  }
  if (result) result->timing.load_ms += (*job)->load_ms;
  return result;
}

void VlmEvaluator::cancel_generation() noexcept { impl_->cancel(); }

void VlmEvaluator::unload_model() noexcept {
  impl_->post_unload([impl = impl_] { impl->forget_questions(); });
}

void VlmEvaluator::emergency_memory_reset() noexcept {
  impl_->cancel();
  impl_->post_unload([impl = impl_] {
    impl->forget_questions();
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
