// Whether the server is well. Never waits for the engine.
#pragma once

#include "server/context.h"
#include "server/router.h"

namespace plimsoll::server {

void add_health_routes(Router& router, Context& context);

/// {"running","waiting","limit"}
Json queue_object(const QueueState& state);

}  // namespace plimsoll::server
