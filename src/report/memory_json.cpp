#include "report/memory_json.h"

namespace plimsoll::report {

Json holders_json(const std::array<std::size_t, kMemoryHolderCount>& bytes) {
  Json holders = Json::object();
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    holders[std::string(to_string(static_cast<MemoryHolder>(i)))] = bytes[i];
  }
  return holders;
}

Json memory_json(const MemoryReport& report) {
  const MemoryLedger& ledger = report.ledger;
  return {{"active_bytes", ledger.active_bytes},
          {"cache_bytes", ledger.cache_bytes},
          {"peak_bytes", ledger.peak_bytes},
          {"mapped_bytes", ledger.mapped_bytes},
          {"footprint_bytes", report.footprint_bytes},
          {"footprint_peak_bytes", report.footprint_peak_bytes},
          {"unaccounted_bytes", report.unaccounted_bytes},
          {"holders", holders_json(ledger.holder_bytes)},
          {"holder_peaks", holders_json(ledger.holder_peak_bytes)}};
}

Json limited_memory_json(const MemoryReport& report) {
  Json json = memory_json(report);
  json["memory_limit_bytes"] = bytes_or_null(report.ledger.memory_limit_bytes);
  json["cache_limit_bytes"] = report.ledger.cache_limit_bytes;
  return json;
}

Json use_json(const std::optional<MemoryUse>& use) {
  if (!use) return nullptr;
  return {{"used_bytes", use->used_bytes}, {"capacity_bytes", use->capacity_bytes}, {"source", use->source}};
}

}  // namespace plimsoll::report
