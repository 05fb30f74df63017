#include "server/local_engine.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "report/memory_json.h"

namespace plimsoll::server {

namespace {

tl::unexpected<ServiceFailure> of_question(Error error) {
  return tl::unexpected(ServiceFailure{std::move(error)});
}

tl::unexpected<ServiceFailure> is_stopping() {
  return tl::unexpected(
      ServiceFailure{{ErrorCode::busy, "the server is stopping; ask again when it has been started"},
                     /*worker_lost=*/false,
                     /*stopping=*/true});
}

}  // namespace

// A generation or load that runs, from the moment it is accepted.
class LocalEngine::Job {
 public:
  static tl::expected<std::unique_ptr<Job>, ServiceFailure> begin(LocalEngine& engine,
                                                                  const CancelFlagPtr& cancel) {
    std::lock_guard lock(engine.mutex_);
    if (engine.stopping_) return is_stopping();
    if (engine.running_.size() >= engine.most_at_once())
      return of_question({ErrorCode::busy, "another answer is being written; wait for it"});
    if (engine.running_.empty()) {
      engine.loading_ = engine.load_report().state == ModelState::idle;
      engine.load_share_ = 0;
    }
    engine.running_.push_back(cancel ? cancel : std::make_shared<CancelFlag>());
    return std::unique_ptr<Job>(new Job(engine, engine.running_.back()));
  }
  ~Job() {
    std::lock_guard lock(engine_.mutex_);
    auto& running = engine_.running_;
    running.erase(std::find(running.begin(), running.end(), flag_));
    if (running.empty()) engine_.loading_ = false;
    engine_.ended_.notify_all();
  }
  Job(const Job&) = delete;
  Job& operator=(const Job&) = delete;

  const CancelFlagPtr& flag() const { return flag_; }

 private:
  Job(LocalEngine& engine, CancelFlagPtr flag) : engine_(engine), flag_(std::move(flag)) {}

  LocalEngine& engine_;
  CancelFlagPtr flag_;
};

Expected<std::unique_ptr<LocalEngine>> LocalEngine::open(const session::SessionOptions& options,
                                                         Clock::time_point began) {
  auto steps = std::make_shared<CautionSteps>();
  auto session = session::open_session(
      options, {.adjust = [steps](MemoryBudget& budget) { step_down(budget, steps->count()); },
                .ease = [steps] { return steps->ease(); }});
  if (!session) return tl::unexpected(session.error());
  Opened opened{options, std::move(*session), std::move(steps)};
  return std::unique_ptr<LocalEngine>(new LocalEngine(std::move(opened), began));
}

LocalEngine::LocalEngine(Opened opened, Clock::time_point began)
    : began_(began),
      steps_(std::move(opened.steps)),
      idle_(read_process_footprint().value_or(ProcessFootprint{})),
      session_(std::move(opened.session)),
      plans_(session_, opened.options,
             [this](auto line_bytes) { return budgets_of_this_machine(line_bytes); }) {}

LocalEngine::~LocalEngine() { stop(std::chrono::milliseconds(0)); }

// What a load would find if nothing were loaded now, and with fewer steps down where that is too little.
std::vector<MemoryBudget> LocalEngine::budgets_of_this_machine(std::optional<std::size_t> line_bytes) const {
  MemoryBudget budget = measure_budget(*session_.pool, session_.device.memory_bytes);
  budget.line_bytes = line_bytes;
  const ProcessFootprint now = read_process_footprint().value_or(idle_);
  const auto since_idle = [](std::size_t bytes, std::size_t idle) { return bytes - std::min(bytes, idle); };
  budget.footprint_bytes = idle_.resident_bytes;
  const std::size_t held = since_idle(now.resident_bytes, idle_.resident_bytes);
  budget.growth_bytes += std::min(held, std::numeric_limits<std::size_t>::max() - budget.growth_bytes);
  if (budget.private_bytes) *budget.private_bytes += since_idle(now.data_bytes, idle_.data_bytes);
  std::vector<MemoryBudget> budgets;
  for (int steps = steps_->count(); steps >= 0; --steps) {
    budgets.push_back(budget);
    step_down(budgets.back(), steps);
  }
  return budgets;
}

ProgressSink LocalEngine::watched(const ProgressSink& progress) {
  return [this, &progress](Stage stage, float share, std::string_view text) {
    if (stage == Stage::loading) {
      std::lock_guard lock(mutex_);
      load_share_ = share;
      loading_ = share < 1;
    }
    if (progress) progress(stage, share, text);
  };
}

std::size_t LocalEngine::most_at_once() const {
  return static_cast<std::size_t>(std::max(1, session_.device.configuration.answers_at_once));
}

std::size_t LocalEngine::answers_at_once() const noexcept {
  std::lock_guard lock(mutex_);
  const auto plan = session_.evaluator ? session_.evaluator->plan() : std::nullopt;
  if (!plan || !plan->fits()) return most_at_once();
  return std::min(most_at_once(), static_cast<std::size_t>(plan->settings.answers_at_once));
}

tl::expected<Answer, ServiceFailure> LocalEngine::generate(const GenerationRequest& request,
                                                           const CancelFlagPtr& cancel,
                                                           const AnswerSinks& sinks) {
  auto job = Job::begin(*this, cancel);
  if (!job) return tl::unexpected(job.error());
  // Nobody waits for a load, either.
  if ((*job)->flag()->cancelled()) return finished({.finish_reason = FinishReason::cancelled});
  auto result =
      session_.evaluator->generate(request, sinks.on_text, watched(sinks.on_progress), (*job)->flag());
  {
    std::lock_guard lock(mutex_);
    asked_for_.reset();
  }
  if (!result) return of_question(std::move(result.error()));
  return finished(std::move(*result));
}

Answer LocalEngine::finished(GenerationResult result) const {
  Answer answer;
  answer.result = std::move(result);
  answer.memory = report::memory_json(memory_report(*session_.pool));
  return answer;
}

tl::expected<void, ServiceFailure> LocalEngine::load(const CancelFlagPtr& cancel,
                                                     const ProgressSink& progress) {
  auto job = Job::begin(*this, cancel);
  if (!job) return tl::unexpected(job.error());
  if ((*job)->flag()->cancelled()) return of_question({ErrorCode::cancelled, "the load was cancelled"});
  auto handle = session_.evaluator->load(watched(progress), (*job)->flag());
  if (!handle) return of_question(std::move(handle.error()));
  std::lock_guard lock(mutex_);
  asked_for_ = std::move(*handle);
  return {};
}

void LocalEngine::unload() noexcept {
  std::lock_guard lock(mutex_);
  if (!session_.evaluator) return;
  asked_for_.reset();
  session_.evaluator->unload_model();
}

LoadReport LocalEngine::load_report() const {
  if (loading_) return {ModelState::loading, load_share_};
  if (!session_.evaluator) return {};
  // A model that is answering is there, also while its weights have left for a picture.
  const bool there = !running_.empty() || session_.evaluator->load_state() == LoadState::loaded ||
                     session_.pool->ledger().of(MemoryHolder::weights_text) > 0;
  return {there ? ModelState::loaded : ModelState::idle};
}

// A plan that gives nothing up is the same with fewer steps.
int LocalEngine::steps_in_force() const {
  const int wanted = steps_->count();
  if (load_report().state != ModelState::loaded) return wanted;
  const auto plan = session_.evaluator->plan();
  return plan && !plan->concessions.empty() ? plan->steps_down : wanted;
}

bool LocalEngine::is_worth_reloading() const {
  std::lock_guard lock(mutex_);
  return running_.empty() && steps_in_force() > steps_->count();
}

Json LocalEngine::memory(std::uint64_t reclaims_after) const {
  std::lock_guard lock(mutex_);
  WorkerReport worker{.pid = ::getpid(), .steps_down = steps_in_force()};
  if (stopping_) worker.state = "stopped";
  return memory_object(session_, began_, reclaims_after, load_report(), worker);
}

tl::expected<Json, ServiceFailure> LocalEngine::plan(std::optional<std::uint64_t> device_memory_bytes,
                                                     std::optional<Strategy> strategy) {
  auto made = plans_.plan(device_memory_bytes, strategy.value_or(session_.device.configuration.strategy));
  if (made) return std::move(*made);
  if (made.error().code == ErrorCode::busy) return is_stopping();
  return of_question(std::move(made.error()));
}

void LocalEngine::stop(std::chrono::milliseconds deadline) noexcept {
  std::lock_guard one_at_a_time(stop_mutex_);
  {
    std::unique_lock lock(mutex_);
    stopping_ = true;
    ended_.wait_for(lock, deadline, [this] { return running_.empty(); });
    for (const CancelFlagPtr& flag : running_) flag->cancel();
    ended_.wait(lock, [this] { return running_.empty(); });
  }
  plans_.finish();
  drop_evaluator();
}

// Blocking until the engine has given everything back, with the lock free for whoever wants the memory's
// figures.
void LocalEngine::drop_evaluator() {
  std::unique_ptr<VlmEvaluator> evaluator;
  std::optional<ModelHandle> handle;
  std::lock_guard lock(mutex_);
  std::swap(evaluator, session_.evaluator);
  std::swap(handle, asked_for_);
}

}  // namespace plimsoll::server
