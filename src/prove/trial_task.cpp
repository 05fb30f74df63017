#include "prove/trial_task.h"

#include "report/json.h"
#include "report/options_json.h"

namespace plimsoll::prove {

namespace {

using report::Json;
using std::chrono::milliseconds;

Json json_of(const Plan& plan) {
  return {{"in_a_row", plan.in_a_row},
          {"switches", plan.switches},
          {"stress_rounds", plan.stress_rounds},
          {"stress_pause_ms", plan.stress_pause.count()},
          {"long_run_ms", plan.long_run.count()},
          {"cancels", plan.cancels},
          {"sample_interval_ms", plan.sample_interval.count()},
          {"answer_tokens", plan.answer_tokens ? Json(*plan.answer_tokens) : Json(nullptr)},
          {"quick", plan.quick}};
}

Plan plan_from(const Json& j) {
  Plan plan{.in_a_row = j.at("in_a_row"),
            .switches = j.at("switches"),
            .stress_rounds = j.at("stress_rounds"),
            .stress_pause = milliseconds(j.at("stress_pause_ms").get<std::int64_t>()),
            .long_run = milliseconds(j.at("long_run_ms").get<std::int64_t>()),
            .cancels = j.at("cancels"),
            .sample_interval = milliseconds(j.at("sample_interval_ms").get<std::int64_t>()),
            .answer_tokens = {},
            .quick = j.at("quick")};
  if (const Json& tokens = j.at("answer_tokens"); !tokens.is_null()) plan.answer_tokens = tokens.get<int>();
  return plan;
}

}  // namespace

std::string task_word(const TrialTask& task) {
  Json pictures = Json::array();
  for (const auto& path : task.order.pictures) pictures.push_back(path.string());
  return report::text_of({{"options", report::options_json(task.order.options)},
                          {"plan", json_of(task.order.plan)},
                          {"pictures", std::move(pictures)},
                          {"first", static_cast<int>(task.first)},
                          {"cgroup_processes", task.cgroup_processes}});
}

TrialTask task_from_word(const std::string& word) {
  const Json j = Json::parse(word);
  TrialTask task{.order = {report::options_from_json(j.at("options")), plan_from(j.at("plan")), {}},
                 .first = static_cast<Part>(j.at("first").get<int>()),
                 .cgroup_processes = j.at("cgroup_processes")};
  for (const Json& path : j.at("pictures")) task.order.pictures.emplace_back(path.get<std::string>());
  return task;
}

}  // namespace plimsoll::prove
