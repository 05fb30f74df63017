#include "server/memory_object.h"

#include <unistd.h>

#include <cmath>

#include "report/device_json.h"
#include "report/ledger_snapshot.h"
#include "report/memory_json.h"
#include "report/plan_json.h"

namespace plimsoll::server {

namespace {

Json reclaims_of(const VlmEvaluator& evaluator, std::chrono::steady_clock::time_point began,
                 std::uint64_t after) {
  std::vector<report::ReclaimEvent> events;
  for (const ReclaimRecord& record : evaluator.ladder().records_since(after)) {
    events.push_back(report::event_of(record, began));
  }
  return report::reclaims_json(events);
}

std::string_view to_string(ModelState state) {
  switch (state) {
    case ModelState::idle:
      return "idle";
    case ModelState::loading:
      return "loading";
    case ModelState::loaded:
      break;
  }
  return "loaded";
}

}  // namespace

void put_load(Json& object, const LoadReport& load) {
  constexpr double kSteps = 1000;
  object["load_state"] = to_string(load.state);
  object["load_progress"] = load.state == ModelState::loading
                                ? Json(std::round(static_cast<double>(load.progress) * kSteps) / kSteps)
                                : Json(nullptr);
}

Json worker_json(const WorkerReport& worker) {
  return {{"isolated", worker.isolated},
          {"state", worker.state},
          {"pid", worker.pid ? Json(*worker.pid) : Json(nullptr)},
          {"restarts", worker.restarts},
          {"steps_down", worker.steps_down},
          {"last_failure", worker.last_failure ? Json(*worker.last_failure) : Json(nullptr)}};
}

Json memory_object(const session::Session& session, std::chrono::steady_clock::time_point began,
                   std::uint64_t reclaims_after, const LoadReport& load, const WorkerReport& worker) {
  const auto uptime =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  const VlmEvaluator* evaluator = session.evaluator.get();
  const auto plan = evaluator ? evaluator->plan() : std::nullopt;
  Json object = {{"pid", ::getpid()}, {"uptime_ms", uptime.count()}};
  put_load(object, load);
  object["model"] = session.model.name;
  object["model_info"] = evaluator ? evaluator->model_info() : session.model.name;
  object["device"] = report::device_json(session.device);
  object["configuration"] = report::configuration_json(session.device);
  object["pressure"] = plimsoll::to_string(session.monitor->pressure());
  object["use"] = report::use_json(session.monitor->last_use());
  object["memory"] = report::limited_memory_json(memory_report(*session.pool));
  object["plan"] = plan ? report::plan_json(*plan) : Json(nullptr);
  object["plan_sentence"] = plan ? report::plan_sentence(*plan) : "made when the model is loaded";
  object["concessions"] = plan ? report::concessions_json(plan->concessions) : Json::array();
  object["reclaims"] = evaluator ? reclaims_of(*evaluator, began, reclaims_after) : Json::array();
  object["worker"] = worker_json(worker);
  return object;
}

}  // namespace plimsoll::server
