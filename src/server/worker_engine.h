// The engine in a process of its own, which may die without taking the server along. It is started again at
// once. Where its plan is likely to have taken more than the device has, the next one plans one step smaller
// (PlanSteps): after SIGKILL, which the kernel sends when memory has run out, or another signal while memory
// was pressed. An exit, or a crash with memory to spare, is a defect that less memory would not mend. Where a
// request's own picture or video took the memory (media_blame.h), that request is refused, and nobody plans
// smaller for it.
//
// Threads: the link's, which hears the worker; whoever waits for an answer waits on his own. This process
// never touches llama.cpp.
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "server/engine_service.h"
#include "server/worker_link.h"
#include "server/worker_sample.h"
#include "session/options.h"

namespace plimsoll::server {

struct WorkerEngineOptions {
  session::SessionOptions session;
  WorkerCommand command{};
  // How long a request waits for a worker that is being started.
  std::chrono::milliseconds patience{5000};
  // How long start() does.
  std::chrono::milliseconds first_patience{30'000};
};

class WorkerEngine final : public EngineService, private WorkerEvents {
 public:
  using Clock = std::chrono::steady_clock;

  /// Blocking until the first worker has opened the model's files; loads nothing. Fails as
  /// LocalEngine::open() does in the worker, and with `io` or `not_found` where that can not be started.
  static Expected<std::unique_ptr<WorkerEngine>> start(WorkerEngineOptions options);
  /// stop() without patience.
  ~WorkerEngine() override;

  std::size_t answers_at_once() const noexcept override;
  tl::expected<Answer, ServiceFailure> generate(const GenerationRequest& request, const CancelFlagPtr& cancel,
                                                const AnswerSinks& sinks) override;
  void cancel_running() noexcept override;
  tl::expected<void, ServiceFailure> load(const CancelFlagPtr& cancel, const ProgressSink& progress) override;
  void unload() noexcept override;
  Json memory(std::uint64_t reclaims_after) const override;
  tl::expected<Json, ServiceFailure> plan(std::optional<std::uint64_t> device_memory_bytes,
                                          std::optional<Strategy> strategy) override;
  void stop(std::chrono::milliseconds deadline) noexcept override;

 private:
  // Somebody who waits: what has come for him, and how it ended.
  struct Call {
    std::deque<Frame> frames{};
    std::optional<ServiceFailure> failure{};
  };
  using CallPtr = std::shared_ptr<Call>;
  // A generation or load that runs.
  struct Job {
    CancelFlagPtr flag;
    MediaKind media = MediaKind::none;
    bool sent = false;
    bool is_heard_of = false;  // the worker said something since it was sent
    bool is_seen = false;      // its pictures or its video have been through the encoder
  };
  using Lock = std::unique_lock<std::mutex>;

  explicit WorkerEngine(WorkerEngineOptions options);

  Frame opening(int steps_down) override;
  void on_frame(Frame frame) override;
  DeathCause cause_of(const ProcessEnd& end) override;
  WorkerSigns signs() override;
  void on_lost(const WorkerLoss& loss) override;
  void on_ready(Frame& frame);
  void note(const Frame& frame);
  std::optional<std::uint64_t> find_request_to_blame() const;

  Expected<void> wait_for_first();
  tl::expected<Json, ServiceFailure> run_job(Frame frame, MediaKind media, const CancelFlagPtr& cancel,
                                             const AnswerSinks& sinks);
  tl::expected<void, ServiceFailure> wait_for_worker(Lock& lock, const CancelFlagPtr& cancel);
  tl::expected<Json, ServiceFailure> ask(Lock& lock, std::uint64_t id, std::string encoded,
                                         const AnswerSinks& sinks);
  void send_cancels();
  std::size_t most_at_once() const;
  WorkerReport report() const;
  void fail_calls(const ServiceFailure& failure);

  const WorkerEngineOptions options_;
  const Clock::time_point began_ = Clock::now();
  std::atomic<std::uint64_t> last_id_{0};

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool ready_ = false;  // a worker is open and takes frames
  bool stopping_ = false;
  bool load_again_ = false;  // the worker that was lost held a loaded model
  std::uint64_t losses_ = 0;
  std::uint64_t answers_ = 0;
  std::optional<std::uint64_t> to_blame_{};  // the request for which the worker that was lost was killed
  std::optional<Error> not_opened_;          // why the latest worker did not become ready
  std::map<std::uint64_t, Job> jobs_;        // by id
  std::map<std::uint64_t, CallPtr> calls_;
  WorkerSample sample_;

  std::mutex stop_mutex_;             // one stop() at a time
  std::unique_ptr<WorkerLink> link_;  // last: its thread uses the others
};

}  // namespace plimsoll::server
