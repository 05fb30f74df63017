// The JSON that our own programs print, read, above all that of `plimsoll run --json`. Pure functions; each
// fails with the reason where the output lacks what is asked for.
#pragma once

#include <string>
#include <string_view>

#include "bench/comparison/figure.h"

namespace plimsoll::bench {

/// A JSON object, or why there is none.
using Printed = tl::expected<Json, std::string>;
Printed parse_object(std::string_view json);

/// At `path`, for example "/image/tiles": the number, all numbers of an array, or anything (else null).
Measured number_at(const Printed& printed, const std::string& path);
Samples numbers_at(const Printed& printed, const std::string& path);
Json value_at(const Printed& printed, const std::string& path);

Measured our_encode_ms_per_tile(std::string_view json);
Measured our_load_ms(std::string_view json);

}  // namespace plimsoll::bench
