// Plans as JSON, and in one sentence.
#pragma once

#include <string>
#include <vector>

#include "plimsoll/evaluator.h"
#include "report/json.h"

namespace plimsoll::report {

/// A plan and what it was made for.
struct PlannedDevice {
  std::string name;
  MemoryConfiguration configuration;
  MemoryBudget budget{};
  MemoryPlan plan{};
};

/// Names, as people read them.
Json concessions_json(const std::vector<Concession>& concessions);

/// As `run --json` shows it.
Json plan_json(const MemoryPlan& plan);

/// As `plan --json` shows it.
Json planned_device_json(const PlannedDevice& device);

/// "to fit, gives up: smaller batches, ...": empty where the plan gives up nothing.
std::string concession_sentence(const MemoryPlan& plan);

/// Whether it fits, and how: never empty.
std::string plan_sentence(const MemoryPlan& plan);

}  // namespace plimsoll::report
