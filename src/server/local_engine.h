// The engine in this process: an evaluator, its pool and its monitor. Threads: the evaluator's, the monitor's
// and the plans'; whoever waits for an answer waits on his own.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "server/caution_steps.h"
#include "server/engine_service.h"
#include "server/memory_object.h"
#include "server/plan_desk.h"
#include "session/session.h"

namespace plimsoll::server {

class LocalEngine final : public EngineService {
 public:
  using Clock = std::chrono::steady_clock;

  /// Loads nothing. `began`: when the clock of uptime_ms and of the reclaims did. Fails as
  /// session::open_session().
  static Expected<std::unique_ptr<LocalEngine>> open(const session::SessionOptions& options,
                                                     Clock::time_point began = Clock::now());
  /// stop() without patience.
  ~LocalEngine() override;

  std::size_t answers_at_once() const noexcept override;
  tl::expected<Answer, ServiceFailure> generate(const GenerationRequest& request, const CancelFlagPtr& cancel,
                                                const AnswerSinks& sinks) override;
  void cancel_running() noexcept override {}  // the engine reads the flag itself
  tl::expected<void, ServiceFailure> load(const CancelFlagPtr& cancel, const ProgressSink& progress) override;
  void unload() noexcept override;
  Json memory(std::uint64_t reclaims_after) const override;
  tl::expected<Json, ServiceFailure> plan(std::optional<std::uint64_t> device_memory_bytes,
                                          std::optional<Strategy> strategy) override;
  void stop(std::chrono::milliseconds deadline) noexcept override;

  /// From the next load on.
  void set_steps_down(int steps) noexcept { steps_->set(steps); }
  /// The same, but never more than there are.
  void take_steps_back(int steps) noexcept { steps_->limit_to(steps); }
  /// Whether the model is loaded with a plan of more steps that gave something up, and nothing runs: loaded
  /// again it would have more.
  bool is_worth_reloading() const;

  /// What pictures and videos of requests hold just now. Microseconds.
  std::size_t media_bytes() const { return session_.pool->ledger().of(MemoryHolder::media); }

 private:
  class Job;
  struct Opened {
    session::SessionOptions options;
    session::Session session;
    std::shared_ptr<CautionSteps> steps;
  };

  LocalEngine(Opened opened, Clock::time_point began);
  std::vector<MemoryBudget> budgets_of_this_machine(std::optional<std::size_t> line_bytes) const;
  std::size_t most_at_once() const;
  Answer finished(GenerationResult result) const;
  ProgressSink watched(const ProgressSink& progress);
  // With mutex_ held:
  LoadReport load_report() const;
  int steps_in_force() const;
  void drop_evaluator();

  const Clock::time_point began_;
  const std::shared_ptr<CautionSteps> steps_;
  const ProcessFootprint idle_;  // before anything was loaded

  mutable std::mutex mutex_;
  std::condition_variable ended_;
  session::Session session_;            // its evaluator goes when the service stops
  std::vector<CancelFlagPtr> running_;  // of the generations and loads that run
  bool loading_ = false;
  float load_share_ = 0;
  bool stopping_ = false;
  std::optional<ModelHandle> asked_for_;  // what load() brought, until the next answer has ended

  std::mutex stop_mutex_;  // one stop() at a time
  PlanDesk plans_;         // last: its thread uses the others
};

}  // namespace plimsoll::server
