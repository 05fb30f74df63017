#include "server/worker_sample.h"

#include <unistd.h>

#include <utility>

#include "report/memory_json.h"

namespace plimsoll::server {

void WorkerSample::take(Json object) {
  for (Json& reclaim : object["reclaims"]) {
    last_sequence_ = counted_before_ + reclaim["sequence"].get<std::uint64_t>();
    reclaim["sequence"] = last_sequence_;
    reclaims_.push_back(std::move(reclaim));
    if (reclaims_.size() > kMostReclaims) reclaims_.pop_front();
  }
  object["reclaims"] = Json::array();
  last_ = std::move(object);
}

void WorkerSample::take_load(const LoadReport& load) {
  if (!last_.is_null()) put_load(last_, load);
}

void WorkerSample::lost() {
  counted_before_ = last_sequence_;
  if (last_.is_null()) return;
  put_load(last_, {});
  const Json before = last_["memory"];
  last_["memory"] = report::limited_memory_json({});
  for (const char* limit : {"memory_limit_bytes", "cache_limit_bytes"})
    last_["memory"][limit] = before[limit];
}

bool WorkerSample::is_loaded() const { return !last_.is_null() && last_["load_state"] == "loaded"; }

bool WorkerSample::keeps_model() const {
  return !last_.is_null() && last_["configuration"]["keep_model_loaded"] == true;
}

bool WorkerSample::is_pressed() const { return !last_.is_null() && last_["pressure"] != "normal"; }

bool WorkerSample::is_pressed_critically() const {
  return !last_.is_null() && last_["pressure"] == "critical";
}

MediaMemory WorkerSample::media() const {
  static const Json::json_pointer kHeld("/memory/holders/media"), kPlanned("/plan/holders/media");
  const auto bytes_at = [this](const Json::json_pointer& where) {
    return last_.contains(where) ? last_[where].get<std::size_t>() : 0;
  };
  return {.is_loaded = is_loaded(), .held_bytes = bytes_at(kHeld), .planned_bytes = bytes_at(kPlanned)};
}

std::optional<int> WorkerSample::steps_down() const {
  static const Json::json_pointer kSteps("/worker/steps_down");
  if (!last_.contains(kSteps)) return std::nullopt;
  return last_[kSteps].get<int>();
}

std::optional<std::size_t> WorkerSample::answers_at_once() const {
  if (last_.is_null() || !last_["plan"].is_object() || last_["plan"]["fits"] != true) return std::nullopt;
  return last_["plan"]["answers_at_once"].get<std::size_t>();
}

Json WorkerSample::object(std::chrono::steady_clock::time_point began, std::uint64_t reclaims_after,
                          const WorkerReport& worker) const {
  Json object = last_.is_null() ? Json::object() : last_;
  object["pid"] = ::getpid();
  object["uptime_ms"] =
      std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began).count();
  Json reclaims = Json::array();
  for (const Json& reclaim : reclaims_) {
    if (reclaim["sequence"].get<std::uint64_t>() > reclaims_after) reclaims.push_back(reclaim);
  }
  object["reclaims"] = std::move(reclaims);
  object["worker"] = worker_json(worker);
  return object;
}

Json WorkerSample::memory() const {
  Json memory = last_.is_null() ? Json::object() : last_["memory"];
  for (const char* limit : {"memory_limit_bytes", "cache_limit_bytes"}) memory.erase(limit);
  return memory;
}

}  // namespace plimsoll::server
