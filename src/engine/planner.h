// The search for the best way to use memory that fits. Pure: the model is figures, nothing is loaded.
#pragma once

#include "engine/model_needs.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

/// See MemoryPlanner::plan(). Fails when `needs.context` does.
Expected<MemoryPlan> make_plan(const ModelNeeds& needs, const MemoryConfiguration& configuration,
                               const MemoryBudget& budget);

}  // namespace plimsoll::engine
