// What a watcher is told about a running program: its ledger at one instant, and what was given back since.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "report/json.h"
#include "session/session.h"

namespace plimsoll::report {

/// A ReclaimRecord on the way.
struct ReclaimEvent {
  std::uint64_t sequence = 0;
  std::chrono::milliseconds at{};  // on the clock of LedgerSnapshot::uptime
  double duration_ms = 0;
  std::string rung{};
  std::string name{};
  std::size_t claimed_bytes = 0;
  std::size_t returned_bytes = 0;
  bool kept_promise = true;
};

/// `began`: when the clock of LedgerSnapshot::uptime did.
ReclaimEvent event_of(const ReclaimRecord& record, std::chrono::steady_clock::time_point began);

struct LedgerSnapshot {
  int pid = 0;
  std::string model;                   // VlmEvaluator::model_info()
  std::chrono::milliseconds uptime{};  // since the program began to offer its ledger
  MemoryPressure pressure = MemoryPressure::normal;
  std::optional<MemoryUse> use{};  // what the pressure was made from; empty before it was measured
  MemoryReport memory{};
  std::vector<std::string> concessions{};  // of the plan in force
  std::vector<ReclaimEvent> reclaims{};    // oldest first
};

/// Takes a snapshot with the reclaim events of greater sequence numbers. Called on any thread.
using TakeSnapshot = std::function<LedgerSnapshot(std::uint64_t reclaims_after)>;

/// REQUIRES: `session` stays where it is as long as what this returns.
TakeSnapshot snapshots_of(const session::Session& session);

Json reclaims_json(const std::vector<ReclaimEvent>& reclaims);

/// As `watch --json` prints it: one line, without its end.
std::string snapshot_line(const LedgerSnapshot& snapshot);

/// Reads what snapshot_line() wrote. Fails with `io` on anything else.
Expected<LedgerSnapshot> parse_snapshot(std::string_view line);

}  // namespace plimsoll::report
