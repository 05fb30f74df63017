#include <algorithm>

#include "plimsoll/device.h"
#include "plimsoll/evaluator.h"

namespace plimsoll {

MemoryReport memory_report(const MemoryPool& pool) {
  MemoryReport report{.ledger = pool.ledger()};
  if (auto footprint = read_process_footprint()) {
    report.footprint_bytes = footprint->resident_bytes;
    report.footprint_peak_bytes = footprint->peak_bytes;
  }
  const std::size_t accounted = report.ledger.active_bytes + report.ledger.cache_bytes;
  report.unaccounted_bytes = report.footprint_bytes - std::min(report.footprint_bytes, accounted);
  return report;
}

std::string_view to_string(FinishReason reason) {
  switch (reason) {
    case FinishReason::stop:
      return "stop";
    case FinishReason::length:
      return "length";
    case FinishReason::cancelled:
      return "cancelled";
    case FinishReason::memory:
      return "memory";
  }
  return "unknown";
}

}  // namespace plimsoll
