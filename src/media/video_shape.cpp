#include "media/video_shape.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <utility>

namespace plimsoll::media {

namespace {

constexpr int kLongestVideoSide = 16384;  // pixels; no codec in use goes further
constexpr double kLongestVideoSeconds = 1e6;
constexpr double kMostReferenceFrames = 16;  // in H.264, H.265 and all before

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

// By the name of the pixel format: "yuv420p" has 12 bits a pixel, "yuv420p10le" 24 in memory, "yuv444p" 24.
std::size_t frame_bytes_of(const Fields& fields, PixelSize stored) {
  const std::string_view format = text_of(fields, "streams.stream.0.pix_fmt");
  const bool half_the_color = format.find("420") != std::string_view::npos || format.starts_with("nv");
  const bool two_bytes = format.ends_with("le") || format.ends_with("be");
  const std::size_t bits = std::size_t{half_the_color ? 12U : 24U} * std::size_t{two_bytes ? 2U : 1U};
  return static_cast<std::size_t>(stored.width) * static_cast<std::size_t>(stored.height) * bits / 8;
}

// Only of these does ffmpeg find the keyframe before a moment, whatever the distance.
bool has_keyframe_index(std::string_view format) {
  return format.starts_with("mov,") || format.starts_with("matroska,") || format == "avi";
}

}  // namespace

Expected<VideoShape> parse_video_shape(std::string_view probe, const std::string& name) {
  const Fields fields = fields_of(probe);
  const auto width = number_of(fields, "streams.stream.0.width");
  const auto height = number_of(fields, "streams.stream.0.height");
  if (!width || !height) {
    return fail(ErrorCode::invalid_argument, name + ": there are no moving pictures in this file");
  }
  if (std::min(*width, *height) < 1 || std::max(*width, *height) > kLongestVideoSide) {
    return fail(ErrorCode::invalid_argument, name + ": the video's sides must be 1 to " +
                                                 std::to_string(kLongestVideoSide) + " pixels long");
  }
  const double of_stream = number_of(fields, "streams.stream.0.duration").value_or(0);
  const double duration = of_stream > 0 ? of_stream : number_of(fields, "format.duration").value_or(0);
  if (duration <= 0 || duration > kLongestVideoSeconds) {
    return fail(ErrorCode::invalid_argument,
                name +
                    ": the video does not say how long it is; \"ffmpeg -i FILE -c copy NEW.mkv\" makes a "
                    "copy that does");
  }
  VideoShape shape;
  shape.stored = {static_cast<int>(*width), static_cast<int>(*height)};
  shape.shown = shown_size(fields, shape.stored);
  shape.duration_seconds = duration;
  shape.frame_bytes = frame_bytes_of(fields, shape.stored);
  const double references = number_of(fields, "streams.stream.0.refs").value_or(1);
  shape.reference_frames = static_cast<int>(std::clamp(references, 1.0, kMostReferenceFrames));
  shape.seeks_to_keyframes = has_keyframe_index(text_of(fields, "format.format_name"));
  return shape;
}

PixelSize scaled_down(PixelSize size, int longest_side) {
  const double scale = std::min(1.0, longest_side / static_cast<double>(std::max(size.width, size.height)));
  return {whole_pixels(size.width * scale), whole_pixels(size.height * scale)};
}

}  // namespace plimsoll::media
