// What went wrong with a request: whether to try again, and what to tell the user. Pure functions.
#pragma once

#include <optional>
#include <string>

#include "models/http.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

struct Asked {
  std::string url;
  std::string what;        // "OWNER/REPO" or "FILE of OWNER/REPO"
  std::string repository;  // OWNER/REPO
  bool with_token = false;
};

/// Worth another try: the words for why. Empty: it is not, or nothing went wrong.
std::string passing_trouble(const HttpResult& result, const Asked& asked);

/// An answer that no other try will change. REQUIRES: passing_trouble() is empty and the status is not 200 or
/// 206, or there was trouble.
Error lasting_trouble(const HttpResult& result, const Asked& asked);

}  // namespace plimsoll::models
