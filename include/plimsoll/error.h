// Errors of the whole library: a code to act on, one sentence to read, and, when memory was the
// reason, the figures. Plain values: copyable, comparable by field, no hidden state.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <utility>
#include <vector>

namespace plimsoll {

enum class ErrorCode {
  invalid_argument,  // the caller asked for something that can not be done as asked
  not_found,         // a file or model that was named does not exist
  over_budget,       // the memory limit refused; `denial` says who holds what
  out_of_memory,     // the operating system refused memory below our limit
  cancelled,         // the caller changed their mind
  busy,              // one generation at a time, and one is running
  engine,            // the model file or the inference engine failed
  io,                // a file or stream could not be read or written
  internal,          // a defect of ours
};

/// The code's name as in the enum, for example "over_budget".
std::string_view to_string(ErrorCode code);

/// One line of a denial: a holder and the bytes it holds.
struct HolderShare {
  std::string holder;
  std::size_t bytes = 0;
};

/// The bound that the memory pool keeps by itself.
inline constexpr const char* kMemoryLimitBound = "memory limit";

/// Why a charge was refused. All figures in bytes, taken at the moment of the refusal.
struct BudgetDenial {
  std::string holder;                // who asked, for example "weights.text"
  std::size_t requested_bytes = 0;   // how much it asked for
  std::size_t available_bytes = 0;   // how much was left below the bound, caches already emptied
  std::size_t limit_bytes = 0;       // the bound
  std::vector<HolderShare> holders;  // what the pool has charged, largest first, none at zero
  // Who set the bound: kMemoryLimitBound, a bound of plan.h, or what MeasuredRoom::source says.
  std::string bound = kMemoryLimitBound;
};

struct Error {
  ErrorCode code = ErrorCode::internal;
  std::string message;  // one sentence: what was wrong and what to do; no trailing newline
  std::optional<BudgetDenial> denial{};
};

template <typename T>
using Expected = tl::expected<T, Error>;

/// Shorthand for `return fail(ErrorCode::io, "...")` in a function that returns Expected<T>.
inline tl::unexpected<Error> fail(ErrorCode code, std::string message) {
  return tl::unexpected<Error>(Error{code, std::move(message)});
}

/// An over_budget error: holder, requested, available, limit and the largest holders in one sentence, and
/// what it would take. Under a bound that was measured, callers put the picture's name in front.
Error over_budget_error(BudgetDenial denial);

}  // namespace plimsoll
