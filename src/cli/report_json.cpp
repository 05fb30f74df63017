#include "cli/report_json.h"

#include <utility>

#include "report/answer_json.h"
#include "report/device_json.h"
#include "report/error_json.h"
#include "report/memory_json.h"

namespace plimsoll::cli {

namespace {

using report::Json;

constexpr int kIndent = 2;

}  // namespace

std::string device_json(const DeviceSetup& device) {
  return report::text_of({{"device", report::device_json(device)},
                          {"assumed", device.assumed},
                          {"machine", report::machine_json(device.machine)},
                          {"configuration", report::configuration_json(device)}},
                         kIndent);
}

std::string result_json(const Session& session, const GenerationResult& result) {
  const std::optional<MemoryPlan> plan = session.evaluator->plan();
  return report::text_of({{"answer", result.answer},
                          {"finish_reason", to_string(result.finish_reason)},
                          {"model", session.evaluator->model_info()},
                          {"device", report::device_json(session.device)},
                          {"configuration", report::configuration_json(session.device)},
                          {"timing", report::timing_json(result.timing)},
                          {"image", report::image_json(result.image)},
                          {"video_frames", result.video_frames},
                          {"prompt_tokens", result.prompt_tokens},
                          {"reused_tokens", result.reused_tokens},
                          {"concessions", report::concessions_json(result.concessions)},
                          {"plan", plan ? report::plan_json(*plan) : Json(nullptr)},
                          {"memory", report::memory_json(memory_report(*session.pool))}},
                         kIndent);
}

std::string plans_json(const std::string& model, const std::vector<PlannedDevice>& devices) {
  Json list = Json::array();
  for (const PlannedDevice& device : devices) list.push_back(report::planned_device_json(device));
  return report::text_of({{"model", model}, {"plans", std::move(list)}}, kIndent);
}

std::string error_json(const Error& error) {
  return report::text_of({{"error", report::error_json(error)}}, kIndent);
}

}  // namespace plimsoll::cli
