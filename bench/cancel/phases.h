// The phases of a question that a cancel may meet, each with a question that spends most of its time there.
#pragma once

#include <plimsoll/evaluator.h>

#include <functional>
#include <vector>

namespace plimsoll::bench {

/// The moments of a run, in ms since its start, between which it is in the phase.
struct Window {
  double from_ms = 0;
  double until_ms = 0;

  bool empty() const { return until_ms <= from_ms; }
};

struct Outcome {
  bool met = false;  // a cancel ended the run in the very phase
  Window window{};   // where the phase was, of a run that got beyond it; else empty
};

/// Loads or asks.
using Run = std::function<Outcome()>;

struct Phase {
  const char* name;
  /// Does all that is no part of the run; runs with different variants have nothing in common that could be
  /// kept. Ends this program when it fails, as the run does.
  std::function<Run(VlmEvaluator& evaluator, unsigned variant)> prepare;
};

/// load, image_decode, encode, prefill, decode.
std::vector<Phase> phases();

}  // namespace plimsoll::bench
