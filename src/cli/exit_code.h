// The one place where errors become exit codes (docs/cli.md).
#pragma once

#include "plimsoll/error.h"

namespace plimsoll::cli {

enum class ExitCode { ok = 0, other = 1, usage = 2, bad_input = 3, over_budget = 4, interrupted = 130 };

ExitCode exit_code_of(ErrorCode code);

/// Prints "plimsoll: ..." to stderr, and with `json` also {"error": {...}} to stdout. Returns the exit code.
int report_error(const Error& error, bool json);

}  // namespace plimsoll::cli
