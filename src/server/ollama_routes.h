// Ollama's routes, for the one model that is served.
#pragma once

#include "server/context.h"
#include "server/router.h"

namespace plimsoll::server {

void add_ollama_routes(Router& router, Context& context);

}  // namespace plimsoll::server
