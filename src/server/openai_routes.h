// OpenAI's routes: chat completions and the list of models.
#pragma once

#include "server/context.h"
#include "server/router.h"

namespace plimsoll::server {

/// `context` outlives the router.
void add_openai_routes(Router& router, Context& context);

}  // namespace plimsoll::server
