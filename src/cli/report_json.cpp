#include "cli/report_json.h"

#include <nlohmann/json.hpp>

namespace plimsoll::cli {

namespace {

using Json = nlohmann::ordered_json;  // fields in the order that they are documented in

Json optional_bytes(const std::optional<std::uint64_t>& bytes) {
  return bytes ? Json(*bytes) : Json(nullptr);
}

// Invalid UTF-8, from a file name or a model, is replaced instead of thrown at the user.
std::string dump(const Json& json) { return json.dump(2, ' ', false, Json::error_handler_t::replace); }

Json device_part(const DeviceSetup& device) {
  return {{"memory_bytes", device.memory_bytes},
          {"tier", to_string(device.configuration.tier)},
          {"strategy", to_string(device.configuration.strategy)}};
}

Json configuration_part(const DeviceSetup& device) {
  const MemoryConfiguration& c = device.configuration;
  return {{"cache_limit_bytes", cache_limit_of(device)},
          {"memory_limit_bytes", optional_bytes(c.memory_limit_bytes)},
          {"max_tokens", c.max_tokens},
          {"image_size", c.image_size},
          {"keep_model_loaded", c.keep_model_loaded},
          {"aggressive_cleanup", to_string(c.aggressive_cleanup)}};
}

Json timing_part(const GenerationTiming& t) {
  return {{"load_ms", t.load_ms},
          {"image_decode_ms", t.image_decode_ms},
          {"image_encode_ms", t.image_encode_ms},
          {"prefill_ms", t.prefill_ms},
          {"time_to_first_token_ms", t.time_to_first_token_ms},
          {"tokens", t.tokens},
          {"tokens_per_second", t.tokens_per_second}};
}

Json holders_part(const std::array<std::size_t, kMemoryHolderCount>& bytes) {
  Json holders = Json::object();
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    holders[std::string(to_string(static_cast<MemoryHolder>(i)))] = bytes[i];
  }
  return holders;
}

Json memory_part(const MemoryReport& report) {
  const MemoryLedger& ledger = report.ledger;
  return {{"active_bytes", ledger.active_bytes},
          {"cache_bytes", ledger.cache_bytes},
          {"peak_bytes", ledger.peak_bytes},
          {"mapped_bytes", ledger.mapped_bytes},
          {"footprint_bytes", report.footprint_bytes},
          {"footprint_peak_bytes", report.footprint_peak_bytes},
          {"unaccounted_bytes", report.unaccounted_bytes},
          {"holders", holders_part(ledger.holder_bytes)},
          {"holder_peaks", holders_part(ledger.holder_peak_bytes)}};
}

Json snapshot_memory_part(const MemoryReport& report) {
  Json part = memory_part(report);
  part["memory_limit_bytes"] = optional_bytes(report.ledger.memory_limit_bytes);
  part["cache_limit_bytes"] = report.ledger.cache_limit_bytes;
  return part;
}

Json use_part(const std::optional<MemoryUse>& use) {
  if (!use) return nullptr;
  return {{"used_bytes", use->used_bytes}, {"capacity_bytes", use->capacity_bytes}, {"source", use->source}};
}

Json reclaims_part(const std::vector<ReclaimEvent>& reclaims) {
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

Json denial_part(const BudgetDenial& denial) {
  Json holders = Json::object();
  for (const HolderShare& share : denial.holders) holders[share.holder] = share.bytes;
  return {{"holder", denial.holder},
          {"requested_bytes", denial.requested_bytes},
          {"available_bytes", denial.available_bytes},
          {"limit_bytes", denial.limit_bytes},
          {"holders", holders}};
}

Json concessions_part(const std::vector<Concession>& concessions) {
  Json list = Json::array();
  for (const Concession concession : concessions) list.push_back(to_string(concession));
  return list;
}

Json plan_part(const MemoryPlan& p) {
  const auto& resident = p.settings.streamed_text_resident_bytes;
  return {{"fits", p.fits()},
          {"missing_bytes", p.missing_bytes},
          {"holders", holders_part(p.holder_bytes)},
          {"peak_bytes", p.peak_bytes},
          {"footprint_bytes", p.footprint_bytes},
          {"context_tokens", p.context_tokens},
          {"max_tokens", p.max_tokens},
          {"batch_tokens", p.settings.batch_tokens},
          {"kv_type", to_string(p.settings.kv_type)},
          {"repacked", p.settings.repack},
          {"vision", p.settings.vision == VisionResidency::resident ? "resident" : "on demand"},
          {"resident_layer_bytes", resident ? Json(*resident) : Json(nullptr)},
          {"streamed_bytes", p.streamed_bytes},
          {"concessions", concessions_part(p.concessions)}};
}

Json planned_device_part(const PlannedDevice& d) {
  Json part = {{"device", d.name},
               {"tier", to_string(d.configuration.tier)},
               {"strategy", to_string(d.configuration.strategy)},
               {"memory_limit_bytes", optional_bytes(d.budget.line_bytes)},
               {"growth_bytes", d.budget.growth_bytes}};
  part.update(plan_part(d.plan));
  return part;
}

}  // namespace

std::string device_json(const DeviceSetup& device) {
  Json bounds = Json::array();
  for (const MemoryBound& bound : device.machine.bounds) {
    bounds.push_back({{"source", bound.source},
                      {"limit_bytes", bound.limit_bytes},
                      {"available_bytes", bound.available_bytes}});
  }
  return dump({{"device", device_part(device)},
               {"assumed", device.assumed},
               {"machine",
                {{"physical_bytes", device.machine.physical_bytes},
                 {"effective_bytes", device.machine.effective_bytes},
                 {"effective_source", device.machine.effective_source},
                 {"available_bytes", device.machine.available_bytes},
                 {"bounds", bounds}}},
               {"configuration", configuration_part(device)}});
}

std::string result_json(const Session& session, const GenerationResult& result) {
  const std::optional<MemoryPlan> plan = session.evaluator->plan();
  return dump(
      {{"answer", result.answer},
       {"finish_reason", to_string(result.finish_reason)},
       {"model", session.evaluator->model_info()},
       {"device", device_part(session.device)},
       {"configuration", configuration_part(session.device)},
       {"timing", timing_part(result.timing)},
       {"image",
        {{"tiles", result.image.tiles}, {"tokens", result.image.tokens}, {"reused", result.image.reused}}},
       {"video_frames", result.video_frames},
       {"prompt_tokens", result.prompt_tokens},
       {"reused_tokens", result.reused_tokens},
       {"concessions", concessions_part(result.concessions)},
       {"plan", plan ? plan_part(*plan) : Json(nullptr)},
       {"memory", memory_part(memory_report(*session.pool))}});
}

std::string plans_json(const std::string& model, const std::vector<PlannedDevice>& devices) {
  Json list = Json::array();
  for (const PlannedDevice& d : devices) list.push_back(planned_device_part(d));
  return dump({{"model", model}, {"plans", std::move(list)}});
}

std::string snapshot_json(const LedgerSnapshot& snapshot) {
  const Json line = {{"pid", snapshot.pid},
                     {"model", snapshot.model},
                     {"uptime_ms", snapshot.uptime.count()},
                     {"pressure", to_string(snapshot.pressure)},
                     {"use", use_part(snapshot.use)},
                     {"memory", snapshot_memory_part(snapshot.memory)},
                     {"concessions", snapshot.concessions},
                     {"reclaims", reclaims_part(snapshot.reclaims)}};
  return line.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string error_json(const Error& error) {
  Json body = {{"code", to_string(error.code)}, {"message", error.message}};
  if (error.denial) body["denial"] = denial_part(*error.denial);
  return dump({{"error", body}});
}

}  // namespace plimsoll::cli
