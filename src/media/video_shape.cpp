#include "media/video_shape.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <initializer_list>
#include <map>
#include <optional>
#include <utility>

namespace plimsoll::media {

namespace {

constexpr int kLongestVideoSide = 16384;  // pixels; no codec in use goes further
constexpr double kLongestVideoSeconds = 1e6;
constexpr double kSlowestRate = 1.0 / 3600;  // frames a second
constexpr double kFastestRate = 1000;
constexpr double kMostFrames = 1e9;  // a header that promises more was never finished

using Fields = std::map<std::string, std::string, std::less<>>;

// Lines are `key=value` or `key="value"`.
Fields fields_of(std::string_view probe) {
  Fields fields;
  while (!probe.empty()) {
    const std::string_view line = probe.substr(0, probe.find('\n'));
    probe.remove_prefix(std::min(probe.size(), line.size() + 1));
    const auto equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    std::string_view value = line.substr(equals + 1);
    if (value.size() >= 2 && value.starts_with('"') && value.ends_with('"')) {
      value = value.substr(1, value.size() - 2);
    }
    fields.emplace(line.substr(0, equals), value);
  }
  return fields;
}

std::string_view text_of(const Fields& fields, std::string_view key) {
  const auto found = fields.find(key);
  return found == fields.end() ? std::string_view() : std::string_view(found->second);
}

std::optional<double> number_in(std::string_view text) {
  double number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && std::isfinite(number) ? std::optional(number) : std::nullopt;
}

std::optional<double> number_of(const Fields& fields, std::string_view key) {
  return number_in(text_of(fields, key));
}

// Degrees; a video has it among any number of other side data.
double rotation_of(const Fields& fields) {
  for (const auto& [key, value] : fields) {
    if (key.starts_with("streams.stream.0.") && key.ends_with(".rotation")) {
      return number_in(value).value_or(0);
    }
  }
  return 0;
}

// Width over height of a pixel; "0:1" and nothing stand for square ones.
double pixel_aspect_of(const Fields& fields) {
  const std::string_view text = text_of(fields, "streams.stream.0.sample_aspect_ratio");
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return 1;
  const double width = number_in(text.substr(0, colon)).value_or(0);
  const double height = number_in(text.substr(colon + 1)).value_or(0);
  return width > 0 && height > 0 ? width / height : 1;
}

int whole_pixels(double side) { return std::max(1, static_cast<int>(std::lround(side))); }

PixelSize shown_size(const Fields& fields, PixelSize stored) {
  const double aspect = pixel_aspect_of(fields);
  PixelSize shown{whole_pixels(stored.width * std::min(1.0, aspect)),
                  whole_pixels(stored.height / std::max(1.0, aspect))};
  if (std::lround(rotation_of(fields) / 90) % 2 != 0) std::swap(shown.width, shown.height);
  return shown;
}

// "30000/1001"
double rate_in(std::string_view text) {
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return 0;
  const double frames = number_in(text.substr(0, slash)).value_or(0);
  const double seconds = number_in(text.substr(slash + 1)).value_or(0);
  return frames > 0 && seconds > 0 ? frames / seconds : 0;
}

double frame_seconds_of(const Fields& fields) {
  for (const auto* key : {"streams.stream.0.avg_frame_rate", "streams.stream.0.r_frame_rate"}) {
    const double rate = rate_in(text_of(fields, key));
    if (rate >= kSlowestRate && rate <= kFastestRate) return 1 / rate;
  }
  return 0;
}

bool has_any(std::string_view text, std::initializer_list<std::string_view> parts) {
  return std::ranges::any_of(parts, [&](auto part) { return text.find(part) != std::string_view::npos; });
}

// Of one channel of eight bits, and all that comes with it.
std::size_t bits_a_pixel(std::string_view format) {
  const std::size_t alpha = format.starts_with("yuva") || format.starts_with("gbrap") ? 8 : 0;
  if (has_any(format, {"420", "411", "410", "nv", "p01"})) return 12 + alpha;
  if (has_any(format, {"422", "440"})) return 16 + alpha;
  if (has_any(format, {"rgba", "bgra", "argb", "abgr", "0rgb", "0bgr", "rgb0", "bgr0"})) return 32;
  return has_any(format, {"gray", "pal8", "mono"}) ? 8 : 24 + alpha;
}

// By the name of the pixel format: "yuv420p" has 12 bits a pixel, "yuv420p10le" 24 in memory, "yuv444p" 24.
std::size_t frame_bytes_of(const Fields& fields, PixelSize stored) {
  const std::string_view format = text_of(fields, "streams.stream.0.pix_fmt");
  const bool two_bytes = format.ends_with("le") || format.ends_with("be");
  return static_cast<std::size_t>(stored.width) * static_cast<std::size_t>(stored.height) *
         bits_a_pixel(format) * (two_bytes ? 2U : 1U) / 8;
}

// Only of these does ffmpeg find the keyframe before a moment, whatever the distance.
bool has_keyframe_index(std::string_view format) {
  return format.starts_with("mov,") || format.starts_with("matroska,") || format == "avi";
}

bool is_for_sending(std::string_view format) {
  return format == "mpegts" || format == "mpeg" || format == "ogg";
}

double duration_of(const Fields& fields) {
  for (const auto* key : {"streams.stream.0.duration", "format.duration"}) {
    const double seconds = number_of(fields, key).value_or(0);
    if (seconds > 0 && seconds <= kLongestVideoSeconds) return seconds;
  }
  return 0;
}

void read_times(const Fields& fields, VideoShape& shape) {
  const auto file_start = number_of(fields, "format.start_time");
  const auto start = number_of(fields, "streams.stream.0.start_time");
  shape.duration_seconds = duration_of(fields);
  shape.file_starts_at = file_start.value_or(start.value_or(0));
  shape.starts_at = start.value_or(shape.file_starts_at);
  shape.frame_seconds = frame_seconds_of(fields);
  const double frames = number_of(fields, "streams.stream.0.nb_frames").value_or(0);
  if (frames >= 1 && frames <= kMostFrames) shape.frames = static_cast<std::size_t>(frames);
}

}  // namespace

Expected<VideoShape> parse_video_shape(std::string_view probe, const std::string& name) {
  const Fields fields = fields_of(probe);
  const auto width = number_of(fields, "streams.stream.0.width");
  const auto height = number_of(fields, "streams.stream.0.height");
  if (!width || !height) {
    return fail(ErrorCode::invalid_argument, name +
                                                 ": there are no moving pictures in this file, only sound or "
                                                 "its cover; give a file with a film in it");
  }
  if (std::min(*width, *height) < 1 || std::max(*width, *height) > kLongestVideoSide) {
    return fail(ErrorCode::invalid_argument, name + ": the video's sides must be 1 to " +
                                                 std::to_string(kLongestVideoSide) + " pixels long");
  }
  VideoShape shape;
  shape.codec = text_of(fields, "streams.stream.0.codec_name");
  shape.level =
      static_cast<int>(std::clamp(number_of(fields, "streams.stream.0.level").value_or(0), 0.0, 1e6));
  shape.stored = {static_cast<int>(*width), static_cast<int>(*height)};
  shape.shown = shown_size(fields, shape.stored);
  shape.frame_bytes = frame_bytes_of(fields, shape.stored);
  read_times(fields, shape);
  const std::string_view format = text_of(fields, "format.format_name");
  shape.seeks_to_keyframes = has_keyframe_index(format);
  shape.clock_may_start_again = is_for_sending(format);
  return shape;
}

PixelSize scaled_down(PixelSize size, int longest_side) {
  const double scale = std::min(1.0, longest_side / static_cast<double>(std::max(size.width, size.height)));
  return {whole_pixels(size.width * scale), whole_pixels(size.height * scale)};
}

}  // namespace plimsoll::media
