// Memory as JSON: who holds what, how full the device is.
#pragma once

#include <array>

#include "plimsoll/evaluator.h"
#include "report/json.h"

namespace plimsoll::report {

Json holders_json(const std::array<std::size_t, kMemoryHolderCount>& bytes);

/// As `run --json` shows it.
Json memory_json(const MemoryReport& report);

/// The same and the limits in force, as `watch --json` shows it.
Json limited_memory_json(const MemoryReport& report);

/// null where nothing was measured yet.
Json use_json(const std::optional<MemoryUse>& use);

}  // namespace plimsoll::report
