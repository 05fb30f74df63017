#include "server/media_source.h"

#include <algorithm>
#include <cctype>
#include <span>
#include <utility>

#include "base/base64.h"
#include "media/image_format.h"

namespace plimsoll::server {

namespace {

constexpr std::string_view kInvalidImage = "invalid_image";
constexpr std::string_view kInvalidVideo = "invalid_video";

bool begins_with(std::string_view text, std::string_view beginning) {
  return text.size() >= beginning.size() &&
         std::ranges::equal(text.substr(0, beginning.size()), beginning,
                            [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

// What is behind "data:TYPE;base64,". The type is not believed: the bytes say what they are.
std::optional<std::string_view> data_of(std::string_view url) {
  const std::size_t comma = url.find(',');
  if (!begins_with(url, "data:") || comma == std::string_view::npos) return std::nullopt;
  const std::string_view head = url.substr(0, comma);
  constexpr std::string_view kMarker = ";base64";
  if (head.size() < kMarker.size() || !begins_with(head.substr(head.size() - kMarker.size()), kMarker)) {
    return std::nullopt;
  }
  return url.substr(comma + 1);
}

ApiExpected<ImageSource> checked(std::string bytes, const std::string& param) {
  const auto head =
      std::as_bytes(std::span(bytes).first(std::min(bytes.size(), media::kImageFormatHeadBytes)));
  if (!media::sniff_image_format(head)) {
    return refuse(param, param + ": the data is no picture; send a JPEG, PNG, WebP, GIF or TIFF file",
                  std::string(kInvalidImage));
  }
  return ImageSource{.content = std::move(bytes), .label = param};
}

}  // namespace

ApiExpected<ImageSource> picture_from_base64(std::string_view text, const std::string& param) {
  auto bytes = decode_base64(text);
  if (!bytes) {
    return refuse(param,
                  param + ": the data is not valid base64; encode the file without line breaks, padded",
                  std::string(kInvalidImage));
  }
  return checked(std::move(*bytes), param);
}

ApiExpected<ImageSource> picture_from_url(std::string_view url, const std::string& param,
                                          PictureFetcher* fetcher) {
  if (const auto data = data_of(url)) return picture_from_base64(*data, param);
  if (begins_with(url, "http://") || begins_with(url, "https://")) {
    if (fetcher == nullptr) {
      return refuse(param,
                    param +
                        ": this server fetches no pictures; send a base64 data: URL, or start it with "
                        "--allow-remote-images",
                    std::string(kInvalidImage));
    }
    auto bytes = fetcher->fetch(std::string(url));
    if (!bytes) return refuse(param, param + ": " + bytes.error(), std::string(kInvalidImage));
    return checked(std::move(*bytes), param);
  }
  return refuse(param, param + " must be \"data:image/...;base64,...\"", std::string(kInvalidImage));
}

ApiExpected<TemporaryFile> video_from_url(std::string_view url, const std::string& param) {
  const auto data = data_of(url);
  if (!data) {
    return refuse(param, param + " must be \"data:video/...;base64,...\"", std::string(kInvalidVideo));
  }
  const auto bytes = decode_base64(*data);
  if (!bytes || bytes->empty()) {
    return refuse(param,
                  param + ": the data is not valid base64; encode the file without line breaks, padded",
                  std::string(kInvalidVideo));
  }
  return TemporaryFile::with(*bytes).map_error([](const Error& error) { return api_error_of(error); });
}

}  // namespace plimsoll::server
