// The memory as it is, as it changes, as it would be elsewhere; and loading and unloading by hand.
#pragma once

#include "server/context.h"
#include "server/router.h"

namespace plimsoll::server {

void add_memory_routes(Router& router, Context& context);

}  // namespace plimsoll::server
