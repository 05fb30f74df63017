#include "engine/planner.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/draft.h"

namespace plimsoll::engine {

namespace {

// What was given up, each as often as it was.
using Concessions = std::vector<Concession>;

// Gives up one thing after another until it fits, and then takes back what turned out not to matter.
class Search {
 public:
  Search(const ModelNeeds& needs, const MemoryConfiguration& configuration, const MemoryBudget& budget)
      : nothing_given_up_(needs, configuration, budget) {}

  Expected<MemoryPlan> best() {
    auto plan = give_up_until_it_fits();
    if (!plan) return plan;
    take_back_needless(*plan);
    made_.erase(std::unique(made_.begin(), made_.end()), made_.end());
    plan->concessions = made_;
    return plan;
  }

 private:
  Expected<MemoryPlan> give_up_until_it_fits() {
    Draft draft = nothing_given_up_;
    auto plan = draft.weigh();
    for (std::size_t i = 0; i < kConcessionCount && plan && !plan->fits();) {
      const auto what = static_cast<Concession>(i);
      if (!draft.concede(what)) {
        ++i;
        continue;
      }
      made_.push_back(what);
      plan = draft.weigh();
    }
    return plan;
  }

  // The last first: it is missed most. One that keeps more layers in memory matters too.
  void take_back_needless(MemoryPlan& plan) {
    for (std::size_t i = made_.size(); i-- > 0;) {
      Concessions fewer = made_;
      fewer.erase(fewer.begin() + static_cast<std::ptrdiff_t>(i));
      auto without = with(fewer);
      if (!without || without->missing_bytes > plan.missing_bytes) continue;
      if (without->streamed_bytes > plan.streamed_bytes) continue;
      made_ = std::move(fewer);
      plan = std::move(*without);
    }
  }

  Expected<MemoryPlan> with(const Concessions& concessions) const {
    Draft draft = nothing_given_up_;
    for (const Concession what : concessions) draft.concede(what);
    return draft.weigh();
  }

  const Draft nothing_given_up_;
  Concessions made_;
};

}  // namespace

Expected<MemoryPlan> make_plan(const ModelNeeds& needs, const MemoryConfiguration& configuration,
                               const MemoryBudget& budget) {
  return Search(needs, configuration, budget).best();
}

}  // namespace plimsoll::engine
