// Errors as JSON, with the figures where memory was the reason.
#pragma once

#include "plimsoll/error.h"
#include "report/json.h"

namespace plimsoll::report {

Json denial_json(const BudgetDenial& denial);

/// {"code", "message", "denial"}, the last one only where there is one.
Json error_json(const Error& error);

}  // namespace plimsoll::report
