// A program run to its end, or to the first word of its answer, and what was seen of it.
#pragma once

#include "bench/child_process.h"
#include "bench/comparison/figure.h"
#include "bench/comparison/our_output.h"
#include "bench/comparison/side.h"

namespace plimsoll::bench {

/// Interrupts the program at the first word of its answer: by then all memory that it will touch is in use.
inline Finished run_to_first_word(const Command& command) {
  return run(command, {.interrupt_at_first_word = true});
}

/// The last line of what the program complained about.
inline std::string complaint(const Finished& finished) {
  const auto end = finished.err.find_last_not_of(" \r\n");
  if (end == std::string::npos) return "no answer and no message";
  const auto before = finished.err.rfind('\n', end);
  const auto begin = before == std::string::npos ? 0 : before + 1;
  return "no answer: " + finished.err.substr(begin, end + 1 - begin);
}

inline Measured first_word_ms(const Finished& finished) {
  if (!finished.first_word_seconds) return missing(complaint(finished));
  return *finished.first_word_seconds * 1000;
}

/// Of a run that came to its first word, so that it is a whole question's.
inline Measured peak_resident_mib(const Finished& finished) {
  if (!finished.first_word_seconds) return missing(complaint(finished));
  return static_cast<double>(finished.usage.ru_maxrss) / 1024;
}

inline Measured peak_anonymous_mib(const Finished& finished) {
  if (!finished.first_word_seconds) return missing(complaint(finished));
  return static_cast<double>(finished.peak_anonymous_bytes) / (1024 * 1024);
}

/// The JSON object that one of our benchmarks prints when it ends well.
inline Printed run_for_json(const Command& command) {
  const Finished finished = run(command);
  if (!finished.well()) return missing(complaint(finished));
  return parse_object(finished.out);
}

}  // namespace plimsoll::bench
