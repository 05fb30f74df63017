#include "server/health_routes.h"

#include <string>

namespace plimsoll::server {

namespace {

std::string_view status_of(const Context& context, const Json& worker) {
  if (context.stopping) return "stopping";
  const bool lost = worker.is_object() && worker.value("state", "running") == "restarting";
  return lost ? "restarting" : "ok";
}

void show_health(const Context& context, Exchange& exchange) {
  const Json memory = context.service.memory(~std::uint64_t{0});
  const auto part = [&](const char* name) { return memory.contains(name) ? memory[name] : Json(nullptr); };
  const Json worker = part("worker");
  const std::string_view status = status_of(context, worker);
  answer_json(exchange,
              {{"status", status},
               {"model", context.model.name},
               {"load_state", part("load_state")},
               {"load_progress", part("load_progress")},
               {"queue", queue_object(context.desk.state())},
               {"worker", worker}},
              status == "ok" ? 200 : 503);
}

}  // namespace

Json queue_object(const QueueState& state) {
  return {{"running", state.running}, {"waiting", state.waiting}, {"limit", state.limit}};
}

void add_health_routes(Router& router, Context& context) {
  router.add(
      "GET", "/health", [&](Exchange& exchange) { show_health(context, exchange); }, Router::Access::open);
}

}  // namespace plimsoll::server
