// The object of GET /v1/memory (docs/server.md), part by part.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "report/json.h"
#include "session/session.h"

namespace plimsoll::server {

using report::Json;

enum class ModelState { idle, loading, loaded };

/// Where the model is on its way.
struct LoadReport {
  ModelState state = ModelState::idle;
  float progress = 0;  // while loading, 0 to 1
};

/// The process that the engine is in.
struct WorkerReport {
  bool isolated = false;  // it is not this one
  // "running", "restarting", "waiting" (for the next request, after it died several times), "stopped".
  std::string_view state = "running";
  std::optional<pid_t> pid{};  // empty while there is none
  std::uint64_t restarts = 0;
  int steps_down = 0;  // of the plan in force: how often what it may use was made smaller
  std::optional<std::string> last_failure{};
};

void put_load(Json& object, const LoadReport& load);
Json worker_json(const WorkerReport& worker);

/// All but `queue`, with the reclaims of greater sequence numbers; `pid` is this process. Without an
/// evaluator: one that has given everything back. Thread-safe; under a millisecond.
Json memory_object(const session::Session& session, std::chrono::steady_clock::time_point began,
                   std::uint64_t reclaims_after, const LoadReport& load, const WorkerReport& worker);

}  // namespace plimsoll::server
