#include "server/gate.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace plimsoll::server {

namespace {

ApiError forbidden(std::string code, std::string message) {
  return {.status = 403, .code = std::move(code), .message = std::move(message)};
}

// "[::1]:8080" and "localhost:8080" without the port.
std::string_view name_of(std::string_view host) {
  if (host.starts_with('[')) return host.substr(1, std::min(host.find(']'), host.size()) - 1);
  return host.substr(0, host.find(':'));
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::string_view host_of_origin(std::string_view origin) {
  const auto scheme = origin.find("://");
  return scheme == std::string_view::npos ? std::string_view() : origin.substr(scheme + 3);
}

}  // namespace

bool is_loopback_host(std::string_view host) {
  const std::string name = lower(host);
  const bool v4 = name.starts_with("127.") &&
                  std::ranges::all_of(name, [](unsigned char c) { return std::isdigit(c) != 0 || c == '.'; });
  return v4 || name == "localhost" || name.ends_with(".localhost") || name == "::1";
}

bool equal_in_constant_time(std::string_view a, std::string_view b) {
  // Of equal length whatever was sent, so that the comparison does not tell the key's.
  using Hash = std::array<unsigned char, SHA256_DIGEST_LENGTH>;
  Hash hash_a{};
  Hash hash_b{};
  SHA256(reinterpret_cast<const unsigned char*>(a.data()), a.size(), hash_a.data());
  SHA256(reinterpret_cast<const unsigned char*>(b.data()), b.size(), hash_b.data());
  return CRYPTO_memcmp(hash_a.data(), hash_b.data(), hash_a.size()) == 0;
}

Gate::Gate(std::string_view bound_to, std::string api_key, std::string allow_origin)
    : loopback_(is_loopback_host(bound_to)),
      api_key_(std::move(api_key)),
      allow_origin_(std::move(allow_origin)) {}

std::optional<ApiError> Gate::check_browser(const Caller& caller) const {
  if (loopback_ && !caller.host.empty() && !is_loopback_host(name_of(caller.host))) {
    return forbidden("forbidden_host", "this server answers to localhost only, not to \"" +
                                           std::string(caller.host) +
                                           "\"; ask it as 127.0.0.1 or start it with "
                                           "--host");
  }
  if (caller.origin.empty() || !allowed_origin(caller).empty()) return std::nullopt;
  if (lower(host_of_origin(caller.origin)) == lower(caller.host)) return std::nullopt;
  return forbidden("forbidden_origin", "pages of \"" + std::string(caller.origin) +
                                           "\" may not ask this server; start it with --allow-origin");
}

std::optional<ApiError> Gate::check_key(const Caller& caller) const {
  if (api_key_.empty()) return std::nullopt;
  constexpr std::string_view kBearer = "bearer ";
  const std::string_view sent = caller.authorization;
  const bool bearer = sent.size() > kBearer.size() && lower(sent.substr(0, kBearer.size())) == kBearer;
  if (bearer && equal_in_constant_time(sent.substr(kBearer.size()), api_key_)) return std::nullopt;
  return ApiError{.status = 401,
                  .type = "authentication_error",
                  .code = "invalid_api_key",
                  .message = sent.empty() ? "this server wants a key; send Authorization: Bearer KEY"
                                          : "this is not the server's key; check it"};
}

std::string Gate::allowed_origin(const Caller& caller) const {
  if (allow_origin_.empty() || caller.origin.empty()) return {};
  if (allow_origin_ == "*" || lower(caller.origin) == lower(allow_origin_)) return std::string(caller.origin);
  return {};
}

}  // namespace plimsoll::server
