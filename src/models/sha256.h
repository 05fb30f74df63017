// SHA-256 of files, through OpenSSL. Pure functions, thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "plimsoll/cancel.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

/// 64 lower-case hexadecimal digits.
bool is_sha256(std::string_view text);

/// Blocking: reads all of the file. `on_progress` gets the bytes read so far, now and then.
/// Fails with `io`, or `cancelled`.
Expected<std::string> sha256_of(const std::filesystem::path& path, const CancelFlag& cancel,
                                const std::function<void(std::uint64_t)>& on_progress = {});

}  // namespace plimsoll::models
