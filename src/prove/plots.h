// The report's plots: which figures of a trial are drawn, and how. Pure functions.
#pragma once

#include <string>
#include <vector>

#include "prove/measurements.h"

namespace plimsoll::prove {

/// Who held memory over time, and what the process had resident, as a <figure>.
std::string memory_figure(const Trial& trial);

/// Seconds from the question to the first word, and tokens/s while writing: of each answer of one trial, or
/// of the stress rounds of several.
std::string response_figure(const std::vector<Trial>& trials);
std::string speed_figure(const std::vector<Trial>& trials);

/// What was given back under pressure, or a sentence that there was nothing.
std::string reclaim_figure(const Trial& trial);

}  // namespace plimsoll::prove
