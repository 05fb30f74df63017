// The engine in this process: an evaluator, its pool and its monitor. Threads: the evaluator's, the monitor's
// and the plans'; whoever waits for an answer waits on his own.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

#include "server/engine_service.h"
#include "server/memory_object.h"
#include "server/plan_desk.h"
#include "session/session.h"

namespace plimsoll::server {

/// Of what there is, a plan may use this much less for each step down.
inline constexpr double kShareAStepLeaves = 0.85;

/// Takes `steps` steps off a budget: what may still grow, and the line.
void step_down(MemoryBudget& budget, int steps);

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
  void set_steps_down(int steps) noexcept { *steps_down_ = steps; }

 private:
  class Job;
  struct Opened {
    session::SessionOptions options;
    session::Session session;
    std::shared_ptr<std::atomic<int>> steps_down;
  };

  LocalEngine(Opened opened, Clock::time_point began);
  MemoryBudget budget_of_this_machine(std::optional<std::size_t> line_bytes) const;
  std::size_t most_at_once() const;
  Answer finished(GenerationResult result) const;
  ProgressSink watched(const ProgressSink& progress);
  LoadReport load_report() const;  // with mutex_ held
  void drop_evaluator();

  const Clock::time_point began_;
  const std::shared_ptr<std::atomic<int>> steps_down_;
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
