// Products with Q8_0 weights by our own kernels.
#pragma once

#include "engine/own_nodes.h"

namespace plimsoll::engine {

extern const OwnKind kQ8Product;

}  // namespace plimsoll::engine
