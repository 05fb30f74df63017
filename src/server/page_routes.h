// The page at "/": files that were built into the program. Nothing of the file system is ever served.
#pragma once

#include "server/router.h"

namespace plimsoll::server {

void add_page_routes(Router& router);

}  // namespace plimsoll::server
