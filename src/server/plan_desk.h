// Answers what a model would take on a device, on a thread of its own, so that no answer waits for it.
// Thread-safe.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "base/work_thread.h"
#include "plimsoll/evaluator.h"
#include "report/json.h"
#include "session/session.h"

namespace plimsoll::server {

class PlanDesk {
 public:
  /// What there is for a plan on this machine, below this memory line: the first of these that a plan fits.
  /// At least one. Called on the desk's thread.
  using ThisMachine = std::function<std::vector<MemoryBudget>(std::optional<std::size_t> line_bytes)>;

  PlanDesk(const session::Session& session, const session::SessionOptions& options, ThisMachine this_machine);
  ~PlanDesk() { finish(); }

  /// The object of GET /v1/plan. For a described device what it leaves an app is counted, not what this
  /// machine has free just now. Blocking: a tenth of a second the first time, then milliseconds. Fails with
  /// `engine`, `io`, and `busy` after finish().
  Expected<report::Json> plan(std::optional<std::uint64_t> device_memory_bytes, Strategy strategy);

  /// Blocking until what was asked for is done.
  void finish() { thread_.finish(); }

 private:
  using Key = std::pair<std::uint64_t, Strategy>;

  Expected<report::Json> make(std::optional<std::uint64_t> device_memory_bytes, Strategy strategy);
  Expected<report::Json> make_new(std::optional<std::uint64_t> device_memory_bytes, Strategy strategy);
  MemoryBudget described_budget(std::uint64_t device_memory_bytes,
                                std::optional<std::size_t> line_bytes) const;

  const ModelFiles model_;
  const session::DeviceSetup device_;
  const session::SessionOptions options_;
  const ThisMachine this_machine_;
  const ProcessFootprint idle_;
  // Both are the thread's.
  std::optional<MemoryPlanner> planner_;
  std::map<Key, report::Json> known_;
  WorkThread thread_{WorkThread::Priority::normal};
};

}  // namespace plimsoll::server
