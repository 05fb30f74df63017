// Keeps a worker running and carries frames to it and from it: starts it, starts it again when it dies, ends
// it. A thread of its own owns the process, the socket, the restart policy and the steps of the plans; it
// never waits for anything but them.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "pressure/wake_pipe.h"
#include "server/frame.h"
#include "server/memory_object.h"
#include "server/plan_steps.h"
#include "server/restart_policy.h"
#include "server/worker_process.h"

namespace plimsoll::server {

/// A worker that is gone.
struct WorkerLoss {
  std::string failure;  // a clause: "the engine's process was killed by signal 9"
  ErrorCode code = ErrorCode::io;
  DeathCause cause = DeathCause::defect;
  bool steps_down = false;  // the next one's plans may use less
  bool waits = false;       // the next one is started when a request wants it
};

/// What PlanSteps has to know of the worker that runs.
struct WorkerSigns {
  bool is_pressed = false;          // memory, critically
  std::uint64_t answers = 0;        // that were given in all, by this worker and those before
  std::optional<int> steps_down{};  // of the plan in force, as the worker says; empty: it has not said yet
};

/// What happens at the other end. Called on the link's thread, without a lock of the link's.
class WorkerEvents {
 public:
  virtual ~WorkerEvents() = default;
  /// What a new worker is told first.
  virtual Frame opening(int steps_down) = 0;
  /// Throws what nlohmann throws where the frame is not what it should be: the worker is ended then.
  virtual void on_frame(Frame frame) = 0;
  /// The reason, as far as one can tell.
  virtual DeathCause cause_of(const ProcessEnd& end) = 0;
  virtual WorkerSigns signs() = 0;
  /// What was sent and not answered is lost with it.
  virtual void on_lost(const WorkerLoss& loss) = 0;
};

class WorkerLink {
 public:
  using Clock = RestartPolicy::Clock;

  /// Starts the first worker. REQUIRES: `events` outlives the link.
  WorkerLink(WorkerCommand command, WorkerEvents& events);
  ~WorkerLink() { end(std::chrono::milliseconds(0)); }

  /// To the worker that runs; where none does it is lost. Returns at once; thread-safe.
  void send(std::string encoded);

  /// A request waits for a worker: starts one where none was to be started again of its own accord.
  void want();

  WorkerReport report() const;

  /// Starts none any more, tells the one that runs to end, and kills it after `patience`. Blocking.
  void end(std::chrono::milliseconds patience);

 private:
  void run();
  void wait();
  void start();
  void write_some();
  void read_some();
  void take_frames();
  void bury();
  void tell_loss(WorkerLoss loss);
  void adjust_steps();
  int patience_ms() const;
  bool is_over() const;
  void set_state(std::string_view state);

  const WorkerCommand command_;
  WorkerEvents& events_;
  pressure::WakePipe wake_;

  // The thread's alone.
  std::optional<WorkerProcess> process_;
  FrameDecoder decoder_;
  std::string unsent_;
  std::size_t sent_bytes_ = 0;  // of unsent_
  RestartPolicy policy_;
  PlanSteps steps_;
  std::uint64_t answers_ = 0;  // that steps_ knows of
  bool lost_ = false;          // the socket has ended, or what came is no frame

  mutable std::mutex mutex_;
  std::string outbox_;
  WorkerReport report_;
  bool wanted_ = false;
  std::optional<Clock::time_point> killed_at_;  // engaged: it is to end

  std::thread thread_;
};

}  // namespace plimsoll::server
