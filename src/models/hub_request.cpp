#include "models/hub_request.h"

#include "models/curl_http.h"
#include "models/http_errors.h"

namespace plimsoll::models {

namespace {

constexpr std::size_t kLongestListing = std::size_t{8} << 20;

}  // namespace

Expected<HubListing> fetch_listing(const Hub& hub, const std::string& repository,
                                   const DownloadOptions& options, const CancelFlag& cancel) {
  const Http http = options.http ? options.http : http_get;
  const Wait wait = options.wait ? options.wait : wait_by_clock(cancel);
  const std::string url = listing_url(hub, repository);
  const Asked asked{url, repository, repository, !hub.token.empty()};

  for (Patience patience(options.tries);;) {
    std::string body;
    const HttpReceiver receiver{[](const HttpAnswer& answer) { return answer.status == 200; },
                                [&body](std::string_view bytes) {
                                  body += bytes;
                                  return body.size() < kLongestListing;
                                }};
    const HttpResult result =
        http({.url = url, .token = hub.token, .stall = options.stall}, receiver, cancel);
    if (result.trouble == HttpTrouble::none && result.answer.status == 200) {
      auto listing = parse_listing(body);
      if (!listing) listing.error().message.insert(0, repository + ": ");
      return listing;
    }
    const std::string why = passing_trouble(result, asked);
    if (why.empty()) return tl::unexpected(lasting_trouble(result, asked));
    const auto pause = patience.after_failure(result.answer.retry_after);
    if (!pause || result.trouble == HttpTrouble::no_such_host) {
      return fail(ErrorCode::io, repository + ": " + why + "; pull again later");
    }
    if (options.on_progress) {
      options.on_progress({.phase = DownloadProgress::Phase::waiting, .reason = why + "; trying again"});
    }
    if (!wait(*pause)) return fail(ErrorCode::cancelled, repository + ": stopped");
  }
}

}  // namespace plimsoll::models
