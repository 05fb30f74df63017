#include "cli/exit_code.h"

#include <cstdio>
#include <iostream>

#include "cli/report_json.h"

namespace plimsoll::cli {

ExitCode exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
    case ErrorCode::not_found:
    case ErrorCode::io:
      return ExitCode::bad_input;
    case ErrorCode::over_budget:
    case ErrorCode::out_of_memory:
      return ExitCode::over_budget;
    case ErrorCode::cancelled:
      return ExitCode::interrupted;
    case ErrorCode::busy:
    case ErrorCode::engine:
    case ErrorCode::internal:
      return ExitCode::other;
  }
  return ExitCode::other;
}

int report_error(const Error& error, bool json) {
  if (json) std::cout << error_json(error) << std::endl;
  std::fprintf(stderr, "plimsoll: %s\n", error.message.c_str());
  return static_cast<int>(exit_code_of(error.code));
}

}  // namespace plimsoll::cli
