// The inner loop that all products share: some rows times one panel.
#pragma once

#ifdef __AMX_TILE__
#include "kernels/tile_strip.h"
#else
#include "kernels/register_strip.h"
#endif
