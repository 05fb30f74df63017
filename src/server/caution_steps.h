// How much less than there is the plans of this process may use, because processes like it were killed for
// memory.
#pragma once

#include <atomic>

#include "plimsoll/plan.h"

namespace plimsoll::server {

/// Of what there is, a plan may use this much less for each step down.
inline constexpr double kShareAStepLeaves = 0.85;

/// Takes `steps` steps off a budget: what may still grow, and the line.
void step_down(MemoryBudget& budget, int steps);

/// The steps that plans begin with. Where no plan fits, one is taken back and a plan is made again: caution
/// never refuses what the device has room for. Thread-safe.
class CautionSteps {
 public:
  int count() const noexcept { return count_; }
  void set(int steps) noexcept { count_ = steps; }
  /// At most so many from now on.
  void limit_to(int steps) noexcept;
  /// Takes one back; false: there is none.
  bool ease() noexcept;

 private:
  std::atomic<int> count_ = 0;
};

}  // namespace plimsoll::server
