// What a trial's measurements come to. Pure functions; what was not measured is empty.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "prove/measurements.h"

namespace plimsoll::prove {

struct Figures {
  int answers = 0;   // that were whole
  int failures = 0;  // questions without one
  // Of the answers behind the first load. Medians.
  std::optional<double> tokens_per_second{};  // while writing
  std::optional<double> slowest_tokens_per_second{};
  std::optional<double> response_ms{};        // to a picture that was not known, a reload included
  std::optional<double> known_response_ms{};  // to one that was
  std::optional<double> slowest_response_ms{};
  // Of an answer of kWholeAnswerTokens, from the question to the last word: the two above together.
  std::optional<double> whole_tokens_per_second{};
  std::optional<double> loads_per_answer{};
  std::optional<double> cleanups_per_answer{};

  bool model_stayed = false;  // behind every answer
  int loads = 0;              // in all, the first one included
  std::optional<double> held_ms{};
  std::optional<Call> longest_call{};
  std::size_t peak_bytes = 0;               // of the process, resident
  std::optional<double> growth_bytes{};     // over the long run, by its robust slope
  std::optional<double> growth_per_hour{};  // bytes
};

/// As long as a person's description of a picture; the same for every strategy, so that none gains by being
/// allowed longer ones.
inline constexpr int kWholeAnswerTokens = 100;

Figures figures_of(const Trial& trial);

}  // namespace plimsoll::prove
