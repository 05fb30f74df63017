#include "server/caution_steps.h"

#include <cmath>
#include <cstddef>

namespace plimsoll::server {

void step_down(MemoryBudget& budget, int steps) {
  if (steps <= 0) return;
  budget.steps_down = steps;
  const double share = std::pow(kShareAStepLeaves, steps);
  const auto less = [&](std::size_t bytes) {
    return static_cast<std::size_t>(static_cast<double>(bytes) * share);
  };
  budget.growth_bytes = less(budget.growth_bytes);
  if (budget.line_bytes) budget.line_bytes = less(*budget.line_bytes);
  if (budget.private_bytes) budget.private_bytes = less(*budget.private_bytes);
}

void CautionSteps::limit_to(int steps) noexcept {
  int now = count_;
  while (steps < now && !count_.compare_exchange_weak(now, steps)) continue;
}

bool CautionSteps::ease() noexcept {
  int now = count_;
  while (now > 0) {
    if (count_.compare_exchange_weak(now, now - 1)) return true;
  }
  return false;
}

}  // namespace plimsoll::server
