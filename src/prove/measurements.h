// What was measured, as plain values: nothing here judges. Times are in ms, moments in seconds since the
// trial began, memory in bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plimsoll/configuration.h"
#include "plimsoll/memory.h"
#include "plimsoll/pressure.h"
#include "prove/plan.h"

namespace plimsoll::prove {

/// What the trial runs on, as its process found it.
struct Setting {
  std::string model{};  // VlmEvaluator::model_info()
  std::uint64_t device_memory_bytes = 0;
  MemoryConfiguration configuration{};  // with the plan's longest answer
  std::uint64_t cache_limit_bytes = 0;  // "the engine's default" resolved
};

/// One question about one picture.
struct Answer {
  Part part = Part::first_load;
  int round = 0;  // within its part, from 0
  double at_s = 0;
  std::string error{};  // empty: it was answered
  double load_ms = 0;   // 0: the model was there
  double response_ms = 0;
  double whole_ms = 0;  // of generate()
  int tokens = 0;
  double tokens_per_second = 0;     // while writing; 0: too short to say
  std::optional<double> held_ms{};  // that generate() kept its caller after the last token
  bool picture_known = false;       // an earlier answer had looked at it, and that was kept
  bool cancelled = false;
  bool model_stayed = false;
  std::size_t footprint_bytes = 0;  // of the process, after the answer
  std::size_t footprint_peak_bytes = 0;
};

/// Memory at one moment.
struct Sample {
  double at_s = 0;
  std::array<std::size_t, kMemoryHolderCount> holder_bytes{};
  std::size_t footprint_bytes = 0;
  MemoryPressure pressure = MemoryPressure::normal;
};

/// One step of the reclaim ladder.
struct Reclaim {
  double at_s = 0;
  double duration_ms = 0;
  std::string name;
  std::size_t claimed_bytes = 0;
  std::size_t returned_bytes = 0;
};

/// A function that is documented as not blocking, once.
struct Call {
  std::string name;
  double blocked_ms = 0;
};

/// Rounds of clean-up since the last such count: caches cleared and the heap trimmed, or a step of the
/// ladder.
struct Cleanups {
  std::uint64_t all = 0;
  std::uint64_t needless = 0;  // while the pressure was normal, and nobody had asked for it
};

/// A trial's process that ended before it was done.
struct Crash {
  Part part = Part::first_load;
  std::string how;  // "was killed by signal 9"
};

/// The plan, run once with one strategy.
struct Trial {
  Strategy strategy = Strategy::tiered;
  Plan plan{};
  std::string place{};  // a sentence: in which memory cgroup, or why in none
  std::optional<std::uint64_t> cgroup_limit_bytes{};
  std::uint64_t cgroup_peak_bytes = 0;  // page cache included; 0: not known
  std::uint64_t cgroup_kills = 0;

  std::optional<Setting> setting{};  // empty: it did not come to a first answer's question
  std::optional<double> first_load_ms{};
  std::vector<Answer> answers{};
  std::vector<Sample> samples{};
  std::vector<Reclaim> reclaims{};
  std::vector<Call> calls{};
  Cleanups cleanups{};
  std::vector<Crash> crashes{};
  std::string failure{};     // why it could not be run at all; empty: it could
  bool complete = false;     // every part came to its end
  bool interrupted = false;  // somebody ended it early
};

}  // namespace plimsoll::prove
