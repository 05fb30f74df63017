// Sizes of memory as people write and read them. Pure functions, thread-safe.
#pragma once

#include <plimsoll/error.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace plimsoll {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

/// Reads "2500MB", "2.5GiB", "512m" or "1048576". KB, MB and GB are binary (spec, preamble), letters are
/// case-insensitive, no unit means bytes.
/// Fails with `invalid_argument` on anything else, on a negative and on more than 2^62.
Expected<std::uint64_t> parse_size(std::string_view text);

/// "2.50 GiB", "384 MiB", "12.3 MiB", "17 B": three significant digits where there is a fraction.
std::string format_size(std::uint64_t bytes);

}  // namespace plimsoll
