#include "media/video_timeline.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace plimsoll::media {

namespace {

constexpr std::size_t kLongestLine = 4096;  // of ffprobe's are some 60 bytes long
constexpr std::size_t kMostPauses = 4096;
constexpr double kLongestSeconds = 1e9;
constexpr double kMostUntimed = 0.1;  // of all packets

// Decoders get some pictures before others that are shown earlier, 16 at most; what goes back further was
// filmed by a clock that began again.
constexpr double kReorderedFrames = 20;
constexpr double kReorderedSeconds = 0.5;

constexpr std::size_t kFields = 5;

std::optional<double> seconds_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::abs(number) <= kLongestSeconds ? std::optional(number) : std::nullopt;
}

}  // namespace

struct TimelineReader::Packet {
  std::optional<double> shown, decoded;
  double seconds = 0;
  double position = 0;
  bool is_key = false;
};

void TimelineReader::add(std::string_view text) {
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    rest_.append(text.substr(0, std::min(end, kLongestLine)));
    add_line(rest_);
    rest_.clear();
    text.remove_prefix(end + 1);
  }
  if (rest_.size() < kLongestLine) rest_.append(text.substr(0, kLongestLine));
}

// "0.083000,0.041000,0.042000,7012,K_", and now and then more behind it. Other lines are not packets.
void TimelineReader::add_line(std::string_view line) {
  std::array<std::string_view, kFields> fields{};
  std::size_t count = 0;
  while (count < kFields) {
    const auto comma = line.find(',');
    fields[count++] = line.substr(0, comma);
    if (comma == std::string_view::npos) break;
    line.remove_prefix(comma + 1);
  }
  if (count < kFields) return;
  Packet packet{.shown = seconds_in(fields[0]), .decoded = seconds_in(fields[1])};
  packet.seconds = std::max(0.0, seconds_in(fields[2]).value_or(0));
  packet.position = std::max(0.0, seconds_in(fields[3]).value_or(0));
  packet.is_key = fields[4].starts_with('K');
  add_packet(packet);
}

void TimelineReader::add_packet(const Packet& packet) {
  if (packet.is_key && !has_key_) {
    const std::size_t leading = so_far_.packets;
    *this = TimelineReader();
    so_far_.leading = leading;
    has_key_ = true;
  }
  ++so_far_.packets;
  so_far_.last_position = packet.position;
  if (packet.seconds > 0) {
    durations_ += packet.seconds;
    ++with_duration_;
  }
  const auto time = packet.shown ? packet.shown : packet.decoded;
  if (!time) {
    ++untimed_;
    return;
  }
  first_ = std::min(first_.value_or(*time), *time);
  last_ = std::max(last_.value_or(*time), *time + packet.seconds);
  follow(packet.decoded.value_or(*time), packet.seconds);
}

void TimelineReader::follow(double order, double seconds) {
  if (order_) {
    const double step = order - *order_;
    if (step < -(kReorderedSeconds + kReorderedFrames * std::min(seconds, 1.0))) went_back_ = true;
    if (step > kLongestPause && so_far_.pauses.size() < kMostPauses)
      so_far_.pauses.push_back({*order_, order});
  }
  order_ = order;
}

VideoTimeline TimelineReader::timeline() const {
  VideoTimeline timeline = so_far_;
  timeline.begin = first_.value_or(0);
  timeline.end = last_.value_or(0);
  if (with_duration_ > 0) timeline.frame_seconds = durations_ / static_cast<double>(with_duration_);
  const bool timed = static_cast<double>(untimed_) <= kMostUntimed * static_cast<double>(timeline.packets);
  timeline.has_clock = first_ && timed && !went_back_;
  return timeline;
}

}  // namespace plimsoll::media
