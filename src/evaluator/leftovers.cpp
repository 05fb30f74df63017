#include "evaluator/leftovers.h"

namespace plimsoll {

void give_back_leftovers(MemoryPool& pool, DeviceMemoryTier tier, const std::function<void()>& trim_heap) {
  constexpr int kExtraRoundsOnUltraLow = 2;
  const int rounds = 1 + (tier == DeviceMemoryTier::ultra_low ? kExtraRoundsOnUltraLow : 0);
  for (int i = 0; i < rounds; ++i) {
    pool.clear_cache();
    trim_heap();
  }
}

}  // namespace plimsoll
