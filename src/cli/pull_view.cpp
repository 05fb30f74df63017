#include "cli/pull_view.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cstdio>

#include "plimsoll/size.h"

namespace plimsoll::cli {

namespace {

using Phase = models::DownloadProgress::Phase;
using std::chrono::milliseconds;

constexpr std::chrono::seconds kSpeedOver{5};
constexpr milliseconds kOnTerminalEvery{200};
constexpr milliseconds kElsewhereEvery{10000};

std::string time_left(double seconds) {
  const auto whole = static_cast<long>(seconds + 0.5);
  return whole < 3600 ? fmt::format("{}:{:02}", whole / 60, whole % 60)
                      : fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

}  // namespace

void SpeedMeter::add(Time now, std::uint64_t done_bytes) {
  if (!samples_.empty() && done_bytes < samples_.back().bytes) samples_.clear();  // begun anew
  samples_.push_back({now, done_bytes});
  while (samples_.size() > 2 && now - samples_[1].at >= kSpeedOver) samples_.pop_front();
}

double SpeedMeter::bytes_per_second() const {
  if (samples_.size() < 2) return 0;
  const std::chrono::duration<double> time = samples_.back().at - samples_.front().at;
  return time.count() > 0.2
             ? static_cast<double>(samples_.back().bytes - samples_.front().bytes) / time.count()
             : 0;
}

std::string progress_text(const models::DownloadProgress& progress, double bytes_per_second) {
  const std::string name = progress.file.empty() ? "" : progress.file + ": ";
  if (progress.phase == Phase::waiting) return name + progress.reason;
  if (progress.phase == Phase::checking) {
    const double share = progress.bytes && *progress.bytes > 0
                             ? static_cast<double>(progress.done_bytes) / static_cast<double>(*progress.bytes)
                             : 0;
    return fmt::format("{}checking, {:.0f}%", name, share * 100);
  }
  std::string text = name + format_size(progress.done_bytes);
  if (progress.bytes) text += " of " + format_size(*progress.bytes);
  if (bytes_per_second > 0) {
    text += ", " + format_size(static_cast<std::uint64_t>(bytes_per_second)) + "/s";
    if (progress.bytes && *progress.bytes >= progress.done_bytes) {
      const auto rest = static_cast<double>(*progress.bytes - progress.done_bytes);
      text += ", " + time_left(rest / bytes_per_second) + " left";
    }
  }
  return text;
}

PullView::PullView() : terminal_(isatty(STDERR_FILENO) == 1) {}

bool PullView::is_due(const models::DownloadProgress& progress, SpeedMeter::Time now) {
  if (progress.phase == Phase::waiting) return true;
  const bool another = progress.file != file_ || (terminal_ && progress.phase != phase_);
  return another || now - shown_at_ >= (terminal_ ? kOnTerminalEvery : kElsewhereEvery);
}

void PullView::show(const models::DownloadProgress& progress, SpeedMeter::Time now) {
  if (progress.file != file_) meter_.reset();
  if (progress.phase == Phase::fetching) meter_.add(now, progress.done_bytes);
  if (!is_due(progress, now)) return;
  file_ = progress.file;
  phase_ = progress.phase;
  shown_at_ = now;
  const std::string text = progress_text(progress, meter_.bytes_per_second());
  if (terminal_) {
    line_.show(text);
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
}

}  // namespace plimsoll::cli
