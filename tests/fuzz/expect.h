// What a target demands of an outcome beyond not crashing. A target is a function LLVMFuzzerTestOneInput,
// which libFuzzer calls with what it makes up, and replay.cpp with the files of corpus/.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <string>
#include <string_view>

#include "plimsoll/error.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace plimsoll::fuzz {

inline std::string_view text_of(const std::uint8_t* data, std::size_t size) {
  return {reinterpret_cast<const char*>(data), size};
}

/// Ends the process where it does not hold, which is how libFuzzer learns of it.
inline void expect(bool holds, std::string_view what, std::string_view detail = {}) {
  if (holds) return;
  std::cerr << "expected " << what << ": " << detail << std::endl;
  std::abort();
}

/// As users get to read it: one line, and not all of what they sent.
inline void expect_sentence(std::string_view message) {
  constexpr std::size_t kLongest = 2000;
  expect(!message.empty(), "a message");
  expect(message.find('\n') == std::string_view::npos, "one line", message);
  expect(message.size() < kLongest, "a short message", message.substr(0, kLongest));
}

}  // namespace plimsoll::fuzz
