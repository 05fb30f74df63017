// Pictures and videos as a request carries them: base64 data, or, where the server may, an address. Fetching
// one blocks; everything else is pure. Thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/media.h"
#include "server/api_error.h"
#include "server/temporary_file.h"

namespace plimsoll::server {

/// Reads pictures of addresses. Blocking. Fails with a sentence.
class PictureFetcher {
 public:
  virtual ~PictureFetcher() = default;
  virtual tl::expected<std::string, std::string> fetch(const std::string& url) = 0;
};

/// `param` is the field that holds it. `fetcher` may be null: no addresses then. Fails with `invalid_image`
/// where it is no picture that this program reads.
ApiExpected<ImageSource> picture_from_url(std::string_view url, const std::string& param,
                                          PictureFetcher* fetcher);
/// The same from base64 without "data:" in front.
ApiExpected<ImageSource> picture_from_base64(std::string_view text, const std::string& param);

/// From a data: URL. Fails with `invalid_video`.
ApiExpected<TemporaryFile> video_from_url(std::string_view url, const std::string& param);

}  // namespace plimsoll::server
