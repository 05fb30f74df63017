// What `plimsoll prove` says at its end, in three ways: a page, JSON, and text. Pure functions of what was
// measured.
#pragma once

#include <string>
#include <vector>

#include "prove/measurements.h"

namespace plimsoll::prove {

/// What was run where; nothing that a trial measures.
struct Circumstances {
  std::string program;  // "plimsoll 0.1.0"
  std::string command;  // as it was typed
  std::string date;     // "2026-01-31 14:05 UTC"
  std::string machine;  // processor, cores, memory
};

/// Whether what was run is a proof: one trial that is one, or a comparison in which `tiered`'s is one and
/// wins. REQUIRES: `trials` is not empty.
bool all_pass(const std::vector<Trial>& trials);

/// The trial that is to be proved: `tiered`'s, or the only one.
const Trial& trial_to_prove(const std::vector<Trial>& trials);

/// One file that opens offline and prints; with more than one trial the comparison, too.
std::string html_report(const std::vector<Trial>& trials, const Circumstances& circumstances);

/// The same figures for machines, indented.
std::string json_report(const std::vector<Trial>& trials, const Circumstances& circumstances);

/// The check-list, and with more than one trial the comparison, for a terminal.
std::string text_report(const std::vector<Trial>& trials);

}  // namespace plimsoll::prove
