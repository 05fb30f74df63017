// The document's table: what it expects of the old strategy and of the new one, beside what was measured of
// each. Pure functions.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "prove/measurements.h"

namespace plimsoll::prove {

struct ComparedRow {
  std::string what;
  std::string unit;            // may be empty
  std::string expected_old{};  // of the document; empty: it says nothing
  std::string expected_new{};
  std::vector<std::string> measured{};  // one for each trial, in their order
  // The gain of `tiered` over `legacy` in percent, positive where it is better; empty where one is missing or
  // there is nothing to divide by.
  std::optional<double> better_percent{};
  bool better = false;     // tiered than legacy, or within the bound where there is one
  std::string why{};       // where figures differ from what was expected, or how they are meant; may be empty
  bool documented = true;  // a row of the document's, not one of ours
};

/// In the document's order, ours behind them. REQUIRES: `trials` has one of legacy and one of tiered.
std::vector<ComparedRow> compare(const std::vector<Trial>& trials);

/// Whether tiered is better than legacy in every row of the document.
bool tiered_wins(const std::vector<ComparedRow>& rows);

}  // namespace plimsoll::prove
