#include "prove/check_list.h"
#include "prove/comparison.h"
#include "prove/report.h"
#include "report/json.h"
#include "report/memory_json.h"

namespace plimsoll::prove {

namespace {

using report::Json;

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

Json checks_json(const Trial& trial) {
  Json list = Json::array();
  for (const Check& check : check_list(trial)) {
    list.push_back({{"number", check.number},
                    {"what", check.what},
                    {"figure", check.figure},
                    {"bound", check.bound},
                    {"passed", check.passed},
                    {"note", check.note}});
  }
  return list;
}

Json setting_json(const Trial& trial) {
  if (!trial.setting) return nullptr;
  const MemoryConfiguration& c = trial.setting->configuration;
  return {{"model", trial.setting->model},
          {"device_memory_bytes", trial.setting->device_memory_bytes},
          {"tier", to_string(c.tier)},
          {"cache_limit_bytes", trial.setting->cache_limit_bytes},
          {"memory_limit_bytes", report::bytes_or_null(c.memory_limit_bytes)},
          {"max_tokens", c.max_tokens},
          {"image_size", c.image_size},
          {"keep_model_loaded", c.keep_model_loaded}};
}

Json figures_json(const Trial& trial) {
  const Figures f = figures_of(trial);
  return {{"answers", f.answers},
          {"failures", f.failures},
          {"crashes", trial.crashes.size()},
          {"loads", f.loads},
          {"loads_per_answer", or_null(f.loads_per_answer)},
          {"first_load_ms", or_null(trial.first_load_ms)},
          {"tokens_per_second", or_null(f.tokens_per_second)},
          {"slowest_tokens_per_second", or_null(f.slowest_tokens_per_second)},
          {"whole_tokens_per_second", or_null(f.whole_tokens_per_second)},
          {"response_ms", or_null(f.response_ms)},
          {"slowest_response_ms", or_null(f.slowest_response_ms)},
          {"known_response_ms", or_null(f.known_response_ms)},
          {"cleanups", trial.cleanups.all},
          {"needless_cleanups", trial.cleanups.needless},
          {"held_ms", or_null(f.held_ms)},
          {"longest_call", f.longest_call ? Json(f.longest_call->name) : Json(nullptr)},
          {"longest_call_ms", f.longest_call ? Json(f.longest_call->blocked_ms) : Json(nullptr)},
          {"peak_bytes", f.peak_bytes},
          {"cgroup_peak_bytes", trial.cgroup_peak_bytes},
          {"cgroup_kills", trial.cgroup_kills},
          {"growth_bytes", or_null(f.growth_bytes)},
          {"growth_bytes_per_hour", or_null(f.growth_per_hour)}};
}

Json answers_json(const Trial& trial) {
  Json list = Json::array();
  for (const Answer& a : trial.answers) {
    list.push_back({{"part", to_string(a.part)},
                    {"round", a.round},
                    {"at_s", a.at_s},
                    {"error", a.error.empty() ? Json(nullptr) : Json(a.error)},
                    {"load_ms", a.load_ms},
                    {"response_ms", a.response_ms},
                    {"whole_ms", a.whole_ms},
                    {"tokens", a.tokens},
                    {"tokens_per_second", a.tokens_per_second},
                    {"held_ms", or_null(a.held_ms)},
                    {"picture_known", a.picture_known},
                    {"cancelled", a.cancelled},
                    {"footprint_bytes", a.footprint_bytes}});
  }
  return list;
}

Json samples_json(const Trial& trial) {
  Json list = Json::array();
  for (const Sample& s : trial.samples) {
    list.push_back({{"at_s", s.at_s},
                    {"footprint_bytes", s.footprint_bytes},
                    {"pressure", to_string(s.pressure)},
                    {"holders", report::holders_json(s.holder_bytes)}});
  }
  return list;
}

Json reclaims_json(const Trial& trial) {
  Json list = Json::array();
  for (const Reclaim& r : trial.reclaims) {
    list.push_back({{"at_s", r.at_s},
                    {"duration_ms", r.duration_ms},
                    {"name", r.name},
                    {"claimed_bytes", r.claimed_bytes},
                    {"returned_bytes", r.returned_bytes}});
  }
  return list;
}

Json crashes_json(const Trial& trial) {
  Json list = Json::array();
  for (const Crash& crash : trial.crashes) {
    list.push_back({{"part", to_string(crash.part)}, {"how", crash.how}});
  }
  return list;
}

Json trial_json(const Trial& trial) {
  return {{"strategy", to_string(trial.strategy)},
          {"place", trial.place},
          {"cgroup_limit_bytes", report::bytes_or_null(trial.cgroup_limit_bytes)},
          {"failure", trial.failure.empty() ? Json(nullptr) : Json(trial.failure)},
          {"complete", trial.complete},
          {"interrupted", trial.interrupted},
          {"proof", is_proof(trial)},
          {"setting", setting_json(trial)},
          {"checks", checks_json(trial)},
          {"figures", figures_json(trial)},
          {"crashes", crashes_json(trial)},
          {"answers", answers_json(trial)},
          {"reclaims", reclaims_json(trial)},
          {"samples", samples_json(trial)}};
}

Json comparison_json(const std::vector<Trial>& trials) {
  if (trials.size() < 2) return nullptr;
  Json list = Json::array();
  for (const ComparedRow& row : compare(trials)) {
    list.push_back({{"what", row.what},
                    {"unit", row.unit},
                    {"expected_old", row.expected_old},
                    {"expected_new", row.expected_new},
                    {"measured", row.measured},
                    {"better_percent", or_null(row.better_percent)},
                    {"better", row.better},
                    {"documented", row.documented},
                    {"why", row.why}});
  }
  return list;
}

}  // namespace

std::string json_report(const std::vector<Trial>& trials, const Circumstances& circumstances) {
  const Plan& plan = trial_to_prove(trials).plan;
  Json list = Json::array();
  for (const Trial& trial : trials) list.push_back(trial_json(trial));
  const Json whole = {{"program", circumstances.program},
                      {"command", circumstances.command},
                      {"date", circumstances.date},
                      {"machine", circumstances.machine},
                      {"passed", all_pass(trials)},
                      {"quick", plan.quick},
                      {"long_run_seconds", std::chrono::duration<double>(plan.long_run).count()},
                      {"comparison", comparison_json(trials)},
                      {"trials", std::move(list)}};
  return report::text_of(whole, 1) + "\n";
}

}  // namespace plimsoll::prove
