// Text to prefill: as long as is asked for, and different at its beginning each time, so that nothing of it
// can have been kept from the time before.
#pragma once

#include <string>

namespace plimsoll::bench {

inline std::string long_prompt(int words, unsigned variant) {
  static constexpr const char* kWords[] = {"harbour", "line", "of",   "the",  "painted", "ship",  "may",
                                           "be",      "seen", "from", "here", "while",   "loads", "come"};
  constexpr unsigned kCount = sizeof(kWords) / sizeof(kWords[0]);
  std::string text = std::to_string(variant);
  for (unsigned i = 0; i < static_cast<unsigned>(words); ++i) {
    text += ' ';
    text += kWords[(variant + i * (1 + variant % 3)) % kCount];
  }
  return text;
}

}  // namespace plimsoll::bench
