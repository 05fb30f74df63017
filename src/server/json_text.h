// JSON from outside, within limits that are checked before a tree is built of it. Pure, thread-safe.
#pragma once

#include <string_view>

#include "server/api_error.h"

namespace plimsoll::server {

inline constexpr std::size_t kMaxJsonDepth = 64;
// A value takes 16 bytes and more where its text took two; an object's keys are compared with each other.
inline constexpr std::size_t kMaxJsonValues = 100'000;
inline constexpr std::size_t kMaxJsonMembers = 1000;  // of one object

/// Fails with `invalid_json`.
ApiExpected<Json> parse_json(std::string_view text);

}  // namespace plimsoll::server
