#include "models/http_errors.h"

#include "models/curl_http.h"

namespace plimsoll::models {

namespace {

std::string page_of(const Asked& asked) {
  const auto scheme_end = asked.url.find("://");
  if (scheme_end == std::string::npos) return asked.repository;
  return asked.url.substr(0, asked.url.find('/', scheme_end + 3)) + "/" + asked.repository;
}

Error refused(const HttpAnswer& answer, const Asked& asked) {
  const std::string status = " (HTTP " + std::to_string(answer.status) + ")";
  if (answer.status == 404) {
    return {ErrorCode::not_found,
            asked.what + ": not there" + status + "; look up the name at " + page_of(asked)};
  }
  if (answer.status == 401 && asked.with_token) {
    return {ErrorCode::invalid_argument,
            asked.what + ": the server does not accept HF_TOKEN" + status + "; set a token that is valid"};
  }
  if (answer.status == 401) {
    return {ErrorCode::invalid_argument,
            asked.what + ": the server wants to know who asks" + status +
                "; check the name, and set HF_TOKEN if the repository is private or gated"};
  }
  if (answer.status == 403) {
    return {ErrorCode::invalid_argument, asked.what + ": not allowed" + status + "; accept its terms at " +
                                             page_of(asked) + " and set HF_TOKEN to a token of that account"};
  }
  return {ErrorCode::io,
          asked.what + ": " + host_of(asked.url) + " answered with an error" + status + "; try again later"};
}

}  // namespace

std::string passing_trouble(const HttpResult& result, const Asked& asked) {
  const std::string host = host_of(asked.url);
  switch (result.trouble) {
    case HttpTrouble::no_such_host:
      return host + " is not found; is there a network?";
    case HttpTrouble::no_connection:
      return host + " does not take the connection";
    case HttpTrouble::broken:
      return "the connection to " + host + " broke off";
    case HttpTrouble::stalled:
      return host + " sends nothing more";
    case HttpTrouble::none:
    case HttpTrouble::stopped:
      break;
    case HttpTrouble::untrusted:
    case HttpTrouble::not_allowed:
    case HttpTrouble::cancelled:
      return {};
  }
  switch (result.answer.status) {
    case 408:
    case 500:
    case 502:
    case 503:
    case 504:
      return host + " is not able to answer now (HTTP " + std::to_string(result.answer.status) + ")";
    case 429:
      return host + " wants fewer requests (HTTP 429)";
    default:
      return {};
  }
}

Error lasting_trouble(const HttpResult& result, const Asked& asked) {
  if (result.trouble == HttpTrouble::cancelled) return {ErrorCode::cancelled, asked.what + ": stopped"};
  if (result.trouble == HttpTrouble::untrusted) {
    return {ErrorCode::io, asked.what + ": the certificate of " + host_of(asked.url) +
                               " is not valid; check the clock of this machine and its ca-certificates, or "
                               "whether a proxy is in between (" +
                               result.detail + ")"};
  }
  if (result.trouble == HttpTrouble::not_allowed) {
    return {ErrorCode::io, asked.what + ": " + host_of(asked.url) + " leads nowhere that is followed (" +
                               result.detail + "); check HF_ENDPOINT"};
  }
  return refused(result.answer, asked);
}

}  // namespace plimsoll::models
