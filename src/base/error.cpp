#include <plimsoll/device.h>
#include <plimsoll/error.h>

#include <algorithm>

namespace plimsoll {
namespace {

constexpr std::size_t kHoldersInMessage = 3;

// "kv holds 40.0 MiB, media holds 1.00 MiB", or nothing when nobody holds anything.
std::string largest_holders(const std::vector<HolderShare>& holders) {
  std::string text;
  for (std::size_t i = 0; i < std::min(holders.size(), kHoldersInMessage); ++i) {
    text += (i == 0 ? "" : ", ") + holders[i].holder + " holds " + format_size(holders[i].bytes);
  }
  return text;
}

std::string text_below_memory_limit(const BudgetDenial& denial) {
  const std::string held = largest_holders(denial.holders);
  return denial.holder + " needs " + format_size(denial.requested_bytes) + ", but only " +
         format_size(denial.available_bytes) + " of the memory limit of " + format_size(denial.limit_bytes) +
         " is left" + (held.empty() ? "" : " (" + held + ")") +
         "; raise the memory limit, or use a smaller model, picture or answer";
}

std::string text_below_measured_bound(const BudgetDenial& denial) {
  const bool decoding = denial.holder == "media";
  const std::string held = largest_holders(denial.holders);
  return (decoding ? "decoding takes " : denial.holder + " needs ") + format_size(denial.requested_bytes) +
         " and this device has " + format_size(denial.available_bytes) + " left (limit " +
         format_size(denial.limit_bytes) + " by " + denial.bound + (held.empty() ? "" : "; " + held) + "); " +
         (decoding ? "make the picture smaller" : "use a smaller model, picture or answer") +
         ", or give the program more memory";
}

// Callers collect holders in the ledger's order; this is where BudgetDenial's promise is kept.
void order_largest_first(std::vector<HolderShare>& holders) {
  std::erase_if(holders, [](const HolderShare& share) { return share.bytes == 0; });
  std::sort(holders.begin(), holders.end(),
            [](const HolderShare& a, const HolderShare& b) { return a.bytes > b.bytes; });
}

}  // namespace

std::string_view to_string(ErrorCode code) {
  switch (code) {
    case ErrorCode::invalid_argument:
      return "invalid_argument";
    case ErrorCode::not_found:
      return "not_found";
    case ErrorCode::over_budget:
      return "over_budget";
    case ErrorCode::out_of_memory:
      return "out_of_memory";
    case ErrorCode::cancelled:
      return "cancelled";
    case ErrorCode::busy:
      return "busy";
    case ErrorCode::engine:
      return "engine";
    case ErrorCode::io:
      return "io";
    case ErrorCode::internal:
      return "internal";
  }
  return "internal";
}

Error over_budget_error(BudgetDenial denial) {
  order_largest_first(denial.holders);
  std::string message =
      denial.bound == kMemoryLimitBound ? text_below_memory_limit(denial) : text_below_measured_bound(denial);
  return Error{ErrorCode::over_budget, std::move(message), std::move(denial)};
}

}  // namespace plimsoll
