// One program that lives for hours: asks, switches pictures, cancels, unloads, is pressed, has its limits
// changed; and looks after each of it whether anything is wrong.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "bench/soak/pressed_device.h"
#include "bench/soak/questions.h"
#include "plimsoll/evaluator.h"
#include "prove/trend.h"

namespace plimsoll::bench {

enum class Act { ask, cancel, unload, reset, storm, limits };
inline constexpr std::array<const char*, 6> kActNames = {"questions", "cancels", "unloads",
                                                         "resets",    "storms",  "changed limits"};

struct Tally {
  std::array<int, kActNames.size()> acts{};
  int answers = 0;                  // that were right
  std::vector<std::string> faults;  // the first kMostFaults, in words
  int fault_count = 0;
  std::map<std::string, double> longest_ms;  // of each call that must not block
  std::vector<prove::Point> footprints;      // seconds, bytes: loaded, calm, with the usual limits
  static constexpr std::size_t kMostFaults = 20;
};

class Soak {
 public:
  Soak(ModelFiles model, std::vector<KnownQuestion> questions, unsigned seed);

  /// Blocking, a moment: one act, chosen at random.
  void step();

  const Tally& tally() const { return tally_; }

 private:
  using Clock = std::chrono::steady_clock;

  Act choose();
  void ask();
  void cancel();
  void unload();
  void reset();
  void storm();
  void change_limits();

  GenerationRequest request(const KnownQuestion& known) const;
  const KnownQuestion& any_question();
  void check(const KnownQuestion& known, const Expected<GenerationResult>& result, bool may_be_cut);
  void check_ledger();
  void note_footprint();
  void fault(std::string what);
  template <typename Function>
  void time_call(const std::string& name, Function function);
  int random(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }

  std::vector<KnownQuestion> questions_;
  std::mt19937 random_;
  MemoryConfiguration configuration_ = configuration_for(Strategy::tiered, DeviceMemoryTier::standard);
  PressedDevice device_;
  std::shared_ptr<MemoryPool> pool_ = MemoryPool::create();
  VlmEvaluator evaluator_;
  const Clock::time_point began_ = Clock::now();
  Tally tally_;
};

}  // namespace plimsoll::bench
