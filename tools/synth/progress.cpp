#include "synth/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace plimsoll::synth {

Progress::Progress(std::uint64_t total_bytes)
    : visible_(::isatty(STDERR_FILENO) == 1), total_bytes_(std::max<std::uint64_t>(1, total_bytes)) {}

Progress::~Progress() {
  if (visible_) std::fputs("\r\033[K", stderr);
}

void Progress::advance(std::uint64_t bytes) {
  done_bytes_ += bytes;
  const std::uint64_t percent = done_bytes_ * 100 / total_bytes_;
  if (!visible_ || percent == shown_percent_) return;
  shown_percent_ = percent;
  std::fprintf(stderr, "\rwriting %u%%", static_cast<unsigned>(percent));
}

}  // namespace plimsoll::synth
