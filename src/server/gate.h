// Who may ask: the API key, and, for what browsers send on behalf of other people's pages, host and origin.
// Pure, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "server/api_error.h"

namespace plimsoll::server {

struct Caller {
  std::string_view host;           // header Host; empty: none
  std::string_view origin;         // header Origin; empty: none
  std::string_view authorization;  // header Authorization
};

class Gate {
 public:
  /// `bound_to`: the address that the server listens at. `allow_origin`: "*", an origin, or none.
  Gate(std::string_view bound_to, std::string api_key, std::string allow_origin);

  /// Bound to a loopback address, the name that was asked for must be one of this machine's: a page whose
  /// name was made to point here would otherwise be of the same origin. Pages of other origins are refused.
  std::optional<ApiError> check_browser(const Caller& caller) const;
  std::optional<ApiError> check_key(const Caller& caller) const;
  /// For Access-Control-Allow-Origin; empty: none.
  std::string allowed_origin(const Caller& caller) const;

 private:
  const bool loopback_;
  const std::string api_key_;
  const std::string allow_origin_;
};

/// Whether `host`, an address or a name, is this machine to itself.
bool is_loopback_host(std::string_view host);

/// Takes as long for any two texts of these lengths.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace plimsoll::server
