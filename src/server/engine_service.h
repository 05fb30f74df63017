// What answers: an evaluator in this process, or one in a worker process that may be lost and started again.
// The HTTP side knows no other. Every function is thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include "plimsoll/cancel.h"
#include "plimsoll/evaluator.h"
#include "report/json.h"

namespace plimsoll::server {

using report::Json;

/// What to do while an answer is made. Both are called on the thread that waits.
struct AnswerSinks {
  TextSink on_text;
  ProgressSink on_progress;
};

/// The outcome of a question, and the memory at its end as `run --json` shows it.
struct Answer {
  GenerationResult result;
  Json memory;
};

/// Why there is no answer, in a sentence for the client. Neither of the two: `error` is the question's, as
/// VlmEvaluator has it. worker_lost: the engine's process was lost or is being started again; the question
/// may be asked again. stopping: the service will answer nothing any more.
struct ServiceFailure {
  Error error;
  bool worker_lost = false;
  bool stopping = false;
};

class EngineService {
 public:
  virtual ~EngineService() = default;

  /// How many answers and loads may run at once: as many as it was configured for, or as the loaded model's
  /// plan has room for. At least 1; never more than at the start. Under a millisecond.
  virtual std::size_t answers_at_once() const noexcept = 0;

  /// Blocking until the answer is complete; one more than may run at the start fails with `busy`: the queue
  /// in front sees to that. Ends within the bounds of VlmEvaluator::cancel_generation() once `cancel` is set
  /// and cancel_running() was called after that, also before the generation has begun; the answer so far is a
  /// result then. `cancel` belongs to this call alone; null: nobody will want to stop it.
  virtual tl::expected<Answer, ServiceFailure> generate(const GenerationRequest& request,
                                                        const CancelFlagPtr& cancel,
                                                        const AnswerSinks& sinks) = 0;

  /// Has the running generations and loads look at their flags. Does nothing to one whose flag is not set.
  virtual void cancel_running() noexcept = 0;

  /// Blocking until the model is loaded; counts as an answer. A class that does not keep its model
  /// keeps this one for the next answer. A cancelled load fails with `cancelled`.
  virtual tl::expected<void, ServiceFailure> load(const CancelFlagPtr& cancel,
                                                  const ProgressSink& progress) = 0;

  /// Returns at once; the running answers end first.
  virtual void unload() noexcept = 0;

  /// The object of GET /v1/memory without `queue` (docs/server.md), with the reclaims of greater sequence
  /// numbers. Under a millisecond: what the worker said last.
  virtual Json memory(std::uint64_t reclaims_after) const = 0;

  /// The object of GET /v1/plan. Blocking, up to a second the first time, milliseconds later.
  virtual tl::expected<Json, ServiceFailure> plan(std::optional<std::uint64_t> device_memory_bytes,
                                                  std::optional<Strategy> strategy) = 0;

  /// Ends what runs at once or, until the deadline has passed, when it is done; then nothing is answered any
  /// more. Blocking until the engine has given everything back.
  virtual void stop(std::chrono::milliseconds deadline) noexcept = 0;
};

}  // namespace plimsoll::server
