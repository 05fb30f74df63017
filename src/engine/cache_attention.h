// Attention of prompts and answers to the context by our own kernels.
#pragma once

#include "engine/own_nodes.h"

namespace plimsoll::engine {

extern const OwnKind kCacheAttention;

}  // namespace plimsoll::engine
