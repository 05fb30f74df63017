#include "models/curl_http.h"

#include <curl/curl.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <memory>

namespace plimsoll::models {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kAliveBytes = 1024;  // less than this in a whole stall time is as good as nothing
constexpr int kPollMs = 100;
constexpr long kMostRedirects = 8;

template <auto Free>
struct Freed {
  template <typename T>
  void operator()(T* handle) const {
    Free(handle);
  }
};
using Easy = std::unique_ptr<CURL, Freed<curl_easy_cleanup>>;
using Multi = std::unique_ptr<CURLM, Freed<curl_multi_cleanup>>;
using Headers = std::unique_ptr<curl_slist, Freed<curl_slist_free_all>>;

struct Transfer {
  const HttpReceiver& receiver;
  CURL* easy = nullptr;
  HttpAnswer answer{};
  int responses = 0;
  std::uint64_t received = 0;
  bool begun = false;
  bool stopped = false;
};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

std::optional<std::uint64_t> number_in(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() ? std::optional(number) : std::nullopt;
}

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return lowered;
}

void take_header(Transfer& transfer, std::string_view line) {
  if (line.starts_with("HTTP/")) {
    HttpAnswer next;
    if (transfer.responses++ > 0) {
      next.linked_etag = std::move(transfer.answer.linked_etag);
      next.linked_bytes = transfer.answer.linked_bytes;
    }
    transfer.answer = std::move(next);
    return;
  }
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return;
  const std::string name = lower(line.substr(0, colon));
  const std::string value(trimmed(line.substr(colon + 1)));
  const bool first_host = transfer.responses == 1;
  if (name == "content-length") transfer.answer.length = number_in(value);
  if (name == "etag") transfer.answer.etag = value;
  if (name == "content-range") transfer.answer.content_range = value;
  if (name == "x-error-code") transfer.answer.error_code = value;
  if (name == "x-linked-etag" && first_host) transfer.answer.linked_etag = value;
  if (name == "x-linked-size" && first_host) transfer.answer.linked_bytes = number_in(value);
}

std::size_t on_header(char* data, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.received += count;
  take_header(transfer, {data, count});
  return count;
}

void take_status(Transfer& transfer) {
  long status = 0;
  curl_easy_getinfo(transfer.easy, CURLINFO_RESPONSE_CODE, &status);
  transfer.answer.status = static_cast<int>(status);
}

std::size_t on_body(char* data, std::size_t, std::size_t count, void* context) {
  auto& transfer = *static_cast<Transfer*>(context);
  transfer.received += count;
  if (!transfer.begun) {
    transfer.begun = true;
    take_status(transfer);
    transfer.stopped = !transfer.receiver.begin(transfer.answer);
  }
  transfer.stopped = transfer.stopped || !transfer.receiver.bytes({data, count});
  return transfer.stopped ? 0 : count;  // anything but count ends the transfer
}

Headers headers_of(const HttpRequest& request) {
  Headers headers;
  const auto add = [&headers](const std::string& line) {
    headers.reset(curl_slist_append(headers.release(), line.c_str()));
  };
  if (request.range_from && !request.if_range.empty()) add("If-Range: " + request.if_range);
  return headers;
}

void set_up(CURL* easy, const HttpRequest& request, curl_slist* headers, Transfer& transfer) {
  transfer.easy = easy;
  curl_easy_setopt(easy, CURLOPT_URL, request.url.c_str());
  curl_easy_setopt(easy, CURLOPT_USERAGENT, "plimsoll");
  curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);  // a cancel does not wait for a name server
  curl_easy_setopt(easy, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
  curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
  // What began encrypted stays so.
  curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR,
                   request.url.starts_with("https:") ? "https" : "http,https");
  // As other programs take it; libcurl itself reads only the proxies from the environment.
  if (const char* certificates = std::getenv("SSL_CERT_FILE");
      certificates != nullptr && *certificates != '\0') {
    curl_easy_setopt(easy, CURLOPT_CAINFO, certificates);
  }
  curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
  curl_easy_setopt(easy, CURLOPT_MAXREDIRS, kMostRedirects);
  curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(request.stall.count()));
  if (!request.token.empty()) {
    // libcurl gives a bearer token to the first host alone (CURLOPT_UNRESTRICTED_AUTH is off).
    curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BEARER);
    curl_easy_setopt(easy, CURLOPT_XOAUTH2_BEARER, request.token.c_str());
  }
  if (request.range_from) {
    curl_easy_setopt(easy, CURLOPT_RANGE, (std::to_string(*request.range_from) + "-").c_str());
  }
  curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer);
  curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(easy, CURLOPT_WRITEDATA, &transfer);
}

HttpTrouble trouble_of(CURLcode code, const Transfer& transfer) {
  if (transfer.stopped) return HttpTrouble::stopped;
  switch (code) {
    case CURLE_OK:
      return HttpTrouble::none;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
      return HttpTrouble::no_such_host;
    case CURLE_COULDNT_CONNECT:
      return HttpTrouble::no_connection;
    case CURLE_OPERATION_TIMEDOUT:
      return HttpTrouble::stalled;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
      return HttpTrouble::untrusted;
    case CURLE_TOO_MANY_REDIRECTS:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return HttpTrouble::not_allowed;
    default:
      return HttpTrouble::broken;
  }
}

// Ends when nearly nothing came during a whole stall time.
class StallClock {
 public:
  explicit StallClock(std::chrono::milliseconds stall) : stall_(stall) {}
  bool stalled(std::uint64_t received) {
    const auto now = Clock::now();
    if (now - since_ < stall_) return false;
    if (received - received_then_ < kAliveBytes) return true;
    since_ = now;
    received_then_ = received;
    return false;
  }

 private:
  std::chrono::milliseconds stall_;
  Clock::time_point since_ = Clock::now();
  std::uint64_t received_then_ = 0;
};

HttpTrouble perform(CURLM* multi, CURL* easy, Transfer& transfer, std::chrono::milliseconds stall,
                    const CancelFlag& cancel, std::string& detail) {
  StallClock clock(stall);
  curl_multi_add_handle(multi, easy);
  for (int running = 1;;) {
    curl_multi_perform(multi, &running);
    int left = 0;
    if (const CURLMsg* message = curl_multi_info_read(multi, &left); message != nullptr) {
      detail = curl_easy_strerror(message->data.result);
      return trouble_of(message->data.result, transfer);
    }
    if (running == 0) return HttpTrouble::broken;
    if (cancel.cancelled()) return HttpTrouble::cancelled;
    if (clock.stalled(transfer.received)) return HttpTrouble::stalled;
    curl_multi_poll(multi, nullptr, 0, kPollMs, nullptr);
  }
}

}  // namespace

HttpResult http_get(const HttpRequest& request, const HttpReceiver& receiver, const CancelFlag& cancel) {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);
  const Easy easy(curl_easy_init());
  const Multi multi(curl_multi_init());
  if (ready != CURLE_OK || !easy || !multi) {
    return {.trouble = HttpTrouble::broken, .detail = "libcurl could not be started"};
  }
  const Headers headers = headers_of(request);
  Transfer transfer{.receiver = receiver};
  set_up(easy.get(), request, headers.get(), transfer);

  HttpResult result;
  result.trouble = perform(multi.get(), easy.get(), transfer, request.stall, cancel, result.detail);
  take_status(transfer);
  curl_off_t wait = 0;
  if (curl_easy_getinfo(easy.get(), CURLINFO_RETRY_AFTER, &wait) == CURLE_OK && wait > 0) {
    transfer.answer.retry_after = std::chrono::seconds(wait);
  }
  result.answer = std::move(transfer.answer);
  curl_multi_remove_handle(multi.get(), easy.get());
  return result;
}

std::string host_of(const std::string& url) {
  const std::unique_ptr<CURLU, Freed<curl_url_cleanup>> parsed(curl_url());
  char* host = nullptr;
  if (!parsed || curl_url_set(parsed.get(), CURLUPART_URL, url.c_str(), 0) != CURLUE_OK ||
      curl_url_get(parsed.get(), CURLUPART_HOST, &host, 0) != CURLUE_OK) {
    return url;
  }
  std::string name(host);
  curl_free(host);
  return name;
}

std::string encode_path(const std::string& path) {
  std::string encoded;
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    if (begin > 0) encoded += '/';
    if (end > begin) {  // a length of 0 would mean all of the string
      char* const part = curl_easy_escape(nullptr, path.data() + begin, static_cast<int>(end - begin));
      encoded += part == nullptr ? "" : part;
      curl_free(part);
    }
    begin = end + 1;
  }
  return encoded;
}

}  // namespace plimsoll::models
