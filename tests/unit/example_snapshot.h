// A ledger in which every figure is another one.
#pragma once

#include "report/ledger_snapshot.h"

namespace plimsoll::report {

inline LedgerSnapshot example_snapshot() {
  LedgerSnapshot snapshot{.pid = 4711,
                          .model = "tiny • 22M",
                          .uptime = std::chrono::milliseconds(61500),
                          .pressure = MemoryPressure::warning,
                          .use = MemoryUse{900 * kMiB, 1024 * kMiB, "this process"},
                          .concessions = {"vision encoder on demand", "smaller batches"},
                          .reclaims = {{.sequence = 3,
                                        .at = std::chrono::milliseconds(12345),
                                        .duration_ms = 1.5,
                                        .rung = "vision encoder",
                                        .name = "the encoder",
                                        .claimed_bytes = 8 * kMiB,
                                        .returned_bytes = 5 * kMiB,
                                        .kept_promise = false}}};
  MemoryReport& memory = snapshot.memory;
  memory.ledger.memory_limit_bytes = 64 * kMiB;
  memory.ledger.cache_limit_bytes = 20 * kMiB;
  memory.ledger.mapped_bytes = 2 * kMiB;
  memory.footprint_bytes = 90 * kMiB;
  memory.footprint_peak_bytes = 110 * kMiB;
  memory.unaccounted_bytes = 41 * kMiB;
  const auto hold = [&](MemoryHolder holder, std::size_t bytes, std::size_t peak) {
    memory.ledger.holder_bytes[static_cast<std::size_t>(holder)] = bytes;
    memory.ledger.holder_peak_bytes[static_cast<std::size_t>(holder)] = peak;
  };
  hold(MemoryHolder::weights_text, 32 * kMiB, 33 * kMiB);
  hold(MemoryHolder::kv, 13 * kMiB, 14 * kMiB);
  hold(MemoryHolder::media, 0, 7 * kMiB);
  hold(MemoryHolder::cache_buffers, 4 * kMiB, 6 * kMiB);
  memory.ledger.active_bytes = 45 * kMiB;
  memory.ledger.peak_bytes = 54 * kMiB;
  memory.ledger.cache_bytes = 4 * kMiB;
  return snapshot;
}

}  // namespace plimsoll::report
