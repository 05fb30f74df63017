// One HTTP GET as a download needs it. An interface of plain values, so that a test can answer in a server's
// place; curl_http.h is the real one.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "plimsoll/cancel.h"

namespace plimsoll::models {

struct HttpRequest {
  std::string url;
  std::string token{};                        // sent to the host of `url` alone, never to one redirected to
  std::optional<std::uint64_t> range_from{};  // only the bytes from here on
  std::string if_range{};  // ... if the content still has this ETag, else all of it; empty: in any case
  std::chrono::milliseconds stall{30000};  // give up when nearly nothing has come for so long
};

/// The headers of the last response; those named `linked` are of the first one, from the host that was asked.
struct HttpAnswer {
  int status = 0;
  std::optional<std::uint64_t> length{};  // Content-Length
  std::string etag{};
  std::string content_range{};
  std::string error_code{};  // X-Error-Code: what the hub calls the reason of a refusal
  std::string linked_etag{};
  std::optional<std::uint64_t> linked_bytes{};
  std::optional<std::chrono::seconds> retry_after{};
};

enum class HttpTrouble {
  none,
  no_such_host,  // the name has no address: no network, or a name that does not exist
  no_connection,
  broken,       // the connection ended or spoke nonsense in the middle
  stalled,      // nearly nothing came for too long
  untrusted,    // a certificate that is not valid for the host
  not_allowed,  // redirected in circles, or to where we do not go
  stopped,      // the receiver had enough
  cancelled,
};

struct HttpResult {
  HttpAnswer answer{};
  HttpTrouble trouble = HttpTrouble::none;
  std::string detail{};  // of the trouble, in the library's words
};

/// Called while the body comes; false stops the transfer.
struct HttpReceiver {
  std::function<bool(const HttpAnswer&)> begin;  // once, before the first byte
  std::function<bool(std::string_view)> bytes;
};

using Http = std::function<HttpResult(const HttpRequest&, const HttpReceiver&, const CancelFlag&)>;

}  // namespace plimsoll::models
