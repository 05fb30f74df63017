// Base64 (RFC 4648, section 4). A pure function, thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// The bytes that `text` stands for. Empty where it is not whole groups of four, padded with '='.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace plimsoll
