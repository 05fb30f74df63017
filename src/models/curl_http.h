// HTTP through libcurl: redirects, proxies ($http_proxy, $https_proxy, $no_proxy) and certificates are its.
#pragma once

#include "models/http.h"

namespace plimsoll::models {

/// Blocking. Thread-safe. Hears a cancel within a tenth of a second.
HttpResult http_get(const HttpRequest& request, const HttpReceiver& receiver, const CancelFlag& cancel);

/// The host of a URL, for messages; the URL itself where it is none.
std::string host_of(const std::string& url);

/// Each part between slashes percent-encoded.
std::string encode_path(const std::string& path);

}  // namespace plimsoll::models
