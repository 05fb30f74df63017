// How a pull looks while it runs: one line that replaces itself on a terminal, else a line now and then.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <string>

#include "cli/terminal.h"
#include "models/download.h"

namespace plimsoll::cli {

/// Bytes a second, over the last few seconds. Pure but for what it remembers; the time is handed in.
class SpeedMeter {
 public:
  using Time = std::chrono::steady_clock::time_point;

  void add(Time now, std::uint64_t done_bytes);
  void reset() { samples_.clear(); }
  /// 0 while it is not known yet.
  double bytes_per_second() const;

 private:
  struct Sample {
    Time at;
    std::uint64_t bytes;
  };
  std::deque<Sample> samples_;
};

/// "NAME: 120 MiB of 417 MiB, 3.20 MiB/s, 1:33 left", "NAME: checking, 42%", "NAME: what went wrong".
std::string progress_text(const models::DownloadProgress& progress, double bytes_per_second);

class PullView {
 public:
  PullView();
  void show(const models::DownloadProgress& progress, SpeedMeter::Time now);
  /// Ends the line that replaces itself.
  void clear() { line_.clear(); }

 private:
  bool is_due(const models::DownloadProgress& progress, SpeedMeter::Time now);

  const bool terminal_;
  ProgressLine line_;
  SpeedMeter meter_;
  std::string file_;
  models::DownloadProgress::Phase phase_ = models::DownloadProgress::Phase::fetching;
  SpeedMeter::Time shown_at_{};
};

}  // namespace plimsoll::cli
