// What gzip made of a text, back. A pure function, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::server {

/// Empty where it is not gzip's. REQUIRES: `compressed` is ours; there is no limit to what comes out.
std::optional<std::string> gunzip(std::string_view compressed);

}  // namespace plimsoll::server
