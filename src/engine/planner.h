// The search for the best way to use memory that fits. Pure: the model is figures, nothing is loaded.
#pragma once

#include "engine/model_needs.h"
#include "plimsoll/plan.h"

namespace plimsoll::engine {

/// Positions that a question takes beside its picture and its answer: system prompt, template, the words.
inline constexpr int kTypicalQuestionTokens = 96;

/// See MemoryPlanner::plan(). Fails when `needs.context` does.
Expected<MemoryPlan> make_plan(const ModelNeeds& needs, const MemoryConfiguration& configuration,
                               const MemoryBudget& budget);

}  // namespace plimsoll::engine
