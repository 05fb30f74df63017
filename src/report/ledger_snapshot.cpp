#include "report/ledger_snapshot.h"

#include <unistd.h>

#include "report/memory_json.h"

namespace plimsoll::report {

namespace {

using Clock = std::chrono::steady_clock;

std::chrono::milliseconds since(Clock::time_point began, Clock::time_point moment) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(moment - began);
}

// What is missing or of another type is thrown by the library; an unknown name is thrown like that.
MemoryPressure pressure_named(const std::string& name) {
  for (const auto level : {MemoryPressure::normal, MemoryPressure::warning, MemoryPressure::critical}) {
    if (to_string(level) == name) return level;
  }
  throw Json::other_error::create(501, "unknown pressure " + name, nullptr);
}

MemoryLedger read_ledger(const Json& memory) {
  MemoryLedger ledger;
  memory.at("active_bytes").get_to(ledger.active_bytes);
  memory.at("cache_bytes").get_to(ledger.cache_bytes);
  memory.at("peak_bytes").get_to(ledger.peak_bytes);
  memory.at("mapped_bytes").get_to(ledger.mapped_bytes);
  memory.at("cache_limit_bytes").get_to(ledger.cache_limit_bytes);
  const Json& limit = memory.at("memory_limit_bytes");
  if (!limit.is_null()) ledger.memory_limit_bytes = limit.get<std::size_t>();
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    const std::string name(to_string(static_cast<MemoryHolder>(i)));
    memory.at("holders").at(name).get_to(ledger.holder_bytes[i]);
    memory.at("holder_peaks").at(name).get_to(ledger.holder_peak_bytes[i]);
  }
  return ledger;
}

MemoryReport read_memory(const Json& memory) {
  MemoryReport report{.ledger = read_ledger(memory)};
  memory.at("footprint_bytes").get_to(report.footprint_bytes);
  memory.at("footprint_peak_bytes").get_to(report.footprint_peak_bytes);
  memory.at("unaccounted_bytes").get_to(report.unaccounted_bytes);
  return report;
}

std::optional<MemoryUse> read_use(const Json& use) {
  if (use.is_null()) return std::nullopt;
  return MemoryUse{use.at("used_bytes").get<std::uint64_t>(), use.at("capacity_bytes").get<std::uint64_t>(),
                   use.at("source").get<std::string>()};
}

ReclaimEvent read_reclaim(const Json& event) {
  return {.sequence = event.at("sequence").get<std::uint64_t>(),
          .at = std::chrono::milliseconds(event.at("at_ms").get<std::int64_t>()),
          .duration_ms = event.at("duration_ms").get<double>(),
          .rung = event.at("rung").get<std::string>(),
          .name = event.at("name").get<std::string>(),
          .claimed_bytes = event.at("claimed_bytes").get<std::size_t>(),
          .returned_bytes = event.at("returned_bytes").get<std::size_t>(),
          .kept_promise = event.at("kept_promise").get<bool>()};
}

LedgerSnapshot read_snapshot(const Json& line) {
  LedgerSnapshot snapshot{.pid = line.at("pid").get<int>(),
                          .model = line.at("model").get<std::string>(),
                          .uptime = std::chrono::milliseconds(line.at("uptime_ms").get<std::int64_t>()),
                          .pressure = pressure_named(line.at("pressure").get<std::string>()),
                          .use = read_use(line.at("use")),
                          .memory = read_memory(line.at("memory")),
                          .concessions = line.at("concessions").get<std::vector<std::string>>()};
  for (const Json& event : line.at("reclaims")) snapshot.reclaims.push_back(read_reclaim(event));
  return snapshot;
}

LedgerSnapshot take_snapshot(const session::Session& session, Clock::time_point began,
                             std::uint64_t reclaims_after) {
  LedgerSnapshot snapshot{.pid = ::getpid(),
                          .model = session.evaluator->model_info(),
                          .uptime = since(began, Clock::now()),
                          .pressure = session.monitor->pressure(),
                          .use = session.monitor->last_use(),
                          .memory = memory_report(*session.pool)};
  if (const auto plan = session.evaluator->plan()) {
    for (const Concession concession : plan->concessions)
      snapshot.concessions.emplace_back(to_string(concession));
  }
  for (const ReclaimRecord& record : session.evaluator->ladder().records_since(reclaims_after)) {
    snapshot.reclaims.push_back(event_of(record, began));
  }
  return snapshot;
}

}  // namespace

ReclaimEvent event_of(const ReclaimRecord& record, Clock::time_point began) {
  return {.sequence = record.sequence,
          .at = since(began, record.began),
          .duration_ms = record.duration_ms,
          .rung = std::string(to_string(record.rung)),
          .name = record.name,
          .claimed_bytes = record.claimed_bytes,
          .returned_bytes = record.returned_bytes,
          .kept_promise = record.kept_promise};
}

Json reclaims_json(const std::vector<ReclaimEvent>& reclaims) {
  Json list = Json::array();
  for (const ReclaimEvent& event : reclaims) {
    list.push_back({{"sequence", event.sequence},
                    {"at_ms", event.at.count()},
                    {"duration_ms", event.duration_ms},
                    {"rung", event.rung},
                    {"name", event.name},
                    {"claimed_bytes", event.claimed_bytes},
                    {"returned_bytes", event.returned_bytes},
                    {"kept_promise", event.kept_promise}});
  }
  return list;
}

std::string snapshot_line(const LedgerSnapshot& snapshot) {
  return text_of({{"pid", snapshot.pid},
                  {"model", snapshot.model},
                  {"uptime_ms", snapshot.uptime.count()},
                  {"pressure", to_string(snapshot.pressure)},
                  {"use", use_json(snapshot.use)},
                  {"memory", limited_memory_json(snapshot.memory)},
                  {"concessions", snapshot.concessions},
                  {"reclaims", reclaims_json(snapshot.reclaims)}});
}

TakeSnapshot snapshots_of(const session::Session& session) {
  return [&session, began = Clock::now()](std::uint64_t reclaims_after) {
    return take_snapshot(session, began, reclaims_after);
  };
}

Expected<LedgerSnapshot> parse_snapshot(std::string_view line) try {
  return read_snapshot(Json::parse(line));
} catch (const Json::exception& error) {
  return fail(ErrorCode::io, std::string("not a ledger that this version reads: ") + error.what());
}

}  // namespace plimsoll::report
