#include "report/plan_json.h"

#include <spdlog/fmt/fmt.h>

#include "plimsoll/size.h"
#include "report/memory_json.h"

namespace plimsoll::report {

Json concessions_json(const std::vector<Concession>& concessions) {
  Json list = Json::array();
  for (const Concession concession : concessions) list.push_back(to_string(concession));
  return list;
}

Json plan_json(const MemoryPlan& p) {
  const auto& resident = p.settings.streamed_text_resident_bytes;
  return {{"fits", p.fits()},
          {"missing_bytes", p.missing_bytes},
          {"holders", holders_json(p.holder_bytes)},
          {"peak_bytes", p.peak_bytes},
          {"footprint_bytes", p.footprint_bytes},
          {"context_tokens", p.context_tokens},
          {"max_tokens", p.max_tokens},
          {"answers_at_once", p.settings.answers_at_once},
          {"batch_tokens", p.settings.batch_tokens},
          {"kv_type", to_string(p.settings.kv_type)},
          {"repacked", p.settings.repack},
          {"vision", p.settings.vision == VisionResidency::resident ? "resident" : "on demand"},
          {"resident_layer_bytes", resident ? Json(*resident) : Json(nullptr)},
          {"streamed_bytes", p.streamed_bytes},
          {"concessions", concessions_json(p.concessions)}};
}

Json planned_device_json(const PlannedDevice& d) {
  Json json = {{"device", d.name},
               {"tier", to_string(d.configuration.tier)},
               {"strategy", to_string(d.configuration.strategy)},
               {"memory_limit_bytes", bytes_or_null(d.budget.line_bytes)},
               {"growth_bytes", d.budget.growth_bytes}};
  json.update(plan_json(d.plan));
  return json;
}

std::string concession_sentence(const MemoryPlan& plan) {
  if (plan.concessions.empty()) return "";
  std::string list;
  for (const Concession concession : plan.concessions) {
    list += (list.empty() ? "" : ", ") + std::string(to_string(concession));
  }
  if (plan.streamed_bytes > 0) list += fmt::format(" ({} for each token", format_size(plan.streamed_bytes));
  if (plan.expected_tokens_per_second > 0)
    list += fmt::format(", about {:.1f} tokens/s", plan.expected_tokens_per_second);
  if (plan.streamed_bytes > 0) list += ")";
  return "to fit, gives up: " + list;
}

std::string plan_sentence(const MemoryPlan& plan) {
  if (!plan.fits()) {
    return fmt::format("does not fit: the smallest way to run it needs {} more than the {} has",
                       format_size(plan.missing_bytes), plan.missing_from);
  }
  if (!plan.concessions.empty()) return concession_sentence(plan);
  return fmt::format("fits and gives up nothing: {} at its peak", format_size(plan.peak_bytes));
}

}  // namespace plimsoll::report
