#pragma once

#include <cstdint>

namespace plimsoll::synth {

// A percentage on stderr, on one line that disappears at the end; silent unless stderr is a terminal.
class Progress {
 public:
  explicit Progress(std::uint64_t total_bytes);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void advance(std::uint64_t bytes);

 private:
  bool visible_;
  std::uint64_t total_bytes_;
  std::uint64_t done_bytes_ = 0;
  std::uint64_t shown_percent_ = UINT64_MAX;
};

}  // namespace plimsoll::synth
