#include "models/hub.h"

#include <algorithm>

#include "models/curl_http.h"

namespace plimsoll::models {

namespace {

constexpr std::string_view kScheme = "hf:";
constexpr std::string_view kOrdinaryEndpoint = "https://huggingface.co";

bool may_be_named(std::string_view name) {
  const auto ordinary = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  return !name.empty() && !name.starts_with('.') && std::ranges::all_of(name, ordinary);
}

}  // namespace

Hub hub_of(const Environment& environment) {
  Hub hub{environment("HF_ENDPOINT"), environment("HF_TOKEN")};
  if (hub.endpoint.empty()) hub.endpoint = kOrdinaryEndpoint;
  while (hub.endpoint.ends_with('/')) hub.endpoint.pop_back();
  return hub;
}

bool is_hub_reference(std::string_view text) { return text.starts_with(kScheme); }

Expected<HubReference> parse_hub_reference(std::string_view text) {
  std::string_view rest = text.substr(std::min(text.size(), kScheme.size()));
  const auto colon = rest.find(':');
  const std::string_view repository = rest.substr(0, colon);
  const auto slash = repository.find('/');
  const bool named = slash != std::string_view::npos && may_be_named(repository.substr(0, slash)) &&
                     may_be_named(repository.substr(slash + 1));
  if (!is_hub_reference(text) || !named || colon == rest.size() - 1) {
    return fail(ErrorCode::invalid_argument,
                std::string(text) + ": not a repository; write hf:OWNER/REPO or hf:OWNER/REPO:FILE");
  }
  HubReference reference{.repository = std::string(repository)};
  if (colon != std::string_view::npos) reference.file = rest.substr(colon + 1);
  return reference;
}

std::string listing_url(const Hub& hub, const std::string& repository) {
  return hub.endpoint + "/api/models/" + encode_path(repository) + "?blobs=true";
}

std::string file_url(const Hub& hub, const std::string& repository, const std::string& revision,
                     const std::string& path) {
  return hub.endpoint + "/" + encode_path(repository) + "/resolve/" + encode_path(revision) + "/" +
         encode_path(path);
}

}  // namespace plimsoll::models
