// What a session is made from as JSON, for a process of ours that makes one for us.
#pragma once

#include "report/json.h"
#include "session/options.h"

namespace plimsoll::report {

Json options_json(const session::SessionOptions& options);

/// Throws what nlohmann throws on anything that options_json() did not make.
session::SessionOptions options_from_json(const Json& json);

}  // namespace plimsoll::report
