// Plans as a person reads them.
#pragma once

#include <string>
#include <vector>

#include "plimsoll/evaluator.h"

namespace plimsoll::cli {

struct PlannedDevice {
  std::string name;
  MemoryConfiguration configuration;
  MemoryBudget budget{};
  MemoryPlan plan{};
};

/// One column a device: bytes by holder, the peak, what is given up, whether it fits.
std::string plan_table(const std::string& model, const std::vector<PlannedDevice>& devices);

/// "To fit, the vision encoder ...": what a plan gives up, in one sentence; empty where it gives up nothing.
std::string concession_sentence(const MemoryPlan& plan);

}  // namespace plimsoll::cli
