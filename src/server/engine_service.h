// What answers: an evaluator in this process, or one in a worker process that may be lost and started again.
// The HTTP side knows no other. Every function is thread-safe.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "base/cancel.h"
#include "plimsoll/evaluator.h"

namespace plimsoll::server {

using Json = nlohmann::ordered_json;

/// What to do while an answer is made. Both are called on the thread that waits.
struct AnswerSinks {
  TextSink on_text;
  LoadProgress on_load;
};

/// The outcome of a question, and the memory at its end as `run --json` shows it.
struct Answer {
  GenerationResult result;
  Json memory;
};

/// A failure that is not the question's: the worker was lost or is being started again, or the service is
/// stopping. `error` says so in a sentence for the client.
struct ServiceFailure {
  Error error;
  bool worker_lost = false;
  bool stopping = false;
};

class EngineService {
 public:
  virtual ~EngineService() = default;

  /// Blocking until the answer is complete; one at a time, a second one fails with `busy`: the queue in front
  /// sees to that. Ends within the bounds of VlmEvaluator::cancel_generation() once `cancel` is set and
  /// cancel_running() was called; the answer so far is a result then.
  virtual tl::expected<Answer, ServiceFailure> generate(const GenerationRequest& request,
                                                        const CancelFlagPtr& cancel,
                                                        const AnswerSinks& sinks) = 0;

  /// Wakes the running generation or load, so that it sees its flag.
  virtual void cancel_running() noexcept = 0;

  /// Blocking until the model is loaded.
  virtual tl::expected<void, ServiceFailure> load(const CancelFlagPtr& cancel,
                                                  const LoadProgress& progress) = 0;

  /// Returns at once.
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
