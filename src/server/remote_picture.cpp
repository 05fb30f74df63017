#include "server/remote_picture.h"

#include <curl/curl.h>

#include <string>
#include <utility>

#include "plimsoll/size.h"

namespace plimsoll::server {

namespace {

constexpr long kConnectMilliseconds = 5'000;
constexpr long kFetchMilliseconds = 20'000;
constexpr long kRedirects = 3;
constexpr const char* kProtocols = "http,https";

struct Download {
  std::string bytes;
  std::uint64_t limit_bytes = 0;
  bool not_public = false;
};

std::size_t take(char* data, std::size_t one, std::size_t size, void* user) {
  auto& download = *static_cast<Download*>(user);
  if (download.bytes.size() + size > download.limit_bytes) return 0;
  download.bytes.append(data, one * size);
  return size;
}

// Asked for each connection, with the address that a name was resolved to: also after a redirect, and
// whatever the name stood for a moment before.
curl_socket_t open_socket(void* user, curlsocktype, curl_sockaddr* address) {
  if (!is_public_address(address->addr)) {
    static_cast<Download*>(user)->not_public = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

std::string reason_of(const Download& download, CURLcode problem, const char* text) {
  if (download.not_public) return "the address is not a public one, and only those are fetched";
  if (problem == CURLE_WRITE_ERROR || problem == CURLE_FILESIZE_EXCEEDED) {
    return "the picture is larger than " + format_size(download.limit_bytes);
  }
  return std::string("the picture could not be fetched: ") +
         (*text == '\0' ? curl_easy_strerror(problem) : text);
}

class CurlFetcher final : public PictureFetcher {
 public:
  explicit CurlFetcher(std::uint64_t limit_bytes) : limit_bytes_(limit_bytes) {
    curl_global_init(CURL_GLOBAL_DEFAULT);
  }

  tl::expected<std::string, std::string> fetch(const std::string& url) override {
    const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl(curl_easy_init(), &curl_easy_cleanup);
    if (!curl) return tl::unexpected(std::string("the picture could not be fetched"));
    Download download{.bytes = {}, .limit_bytes = limit_bytes_};
    std::string text(CURL_ERROR_SIZE, '\0');
    set_options(curl.get(), url, download, text);
    const CURLcode problem = curl_easy_perform(curl.get());
    if (problem != CURLE_OK) return tl::unexpected(reason_of(download, problem, text.c_str()));
    return std::move(download.bytes);
  }

 private:
  void set_options(CURL* curl, const std::string& url, Download& download, std::string& text) const {
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, kProtocols);
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, kProtocols);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, kRedirects);
    // A proxy of the environment would resolve names where nobody looks at what they stand for.
    curl_easy_setopt(curl, CURLOPT_PROXY, "");
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, kConnectMilliseconds);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, kFetchMilliseconds);
    curl_easy_setopt(curl, CURLOPT_MAXFILESIZE_LARGE, static_cast<curl_off_t>(download.limit_bytes));
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, &open_socket);
    curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &download);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, &take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &download);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, text.data());
  }

  const std::uint64_t limit_bytes_;
};

}  // namespace

std::unique_ptr<PictureFetcher> make_picture_fetcher(std::uint64_t limit_bytes) {
  return std::make_unique<CurlFetcher>(limit_bytes);
}

}  // namespace plimsoll::server
