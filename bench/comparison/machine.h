// The machine that figures belong to: what has to be known to judge them. Read once; no state.
#pragma once

#include <string>
#include <string_view>

#include "bench/comparison/figure.h"

namespace plimsoll::bench {

/// From the text of /proc/cpuinfo: "cpu", "processors" and those of its "flags" that decide which kernels
/// run.
Json cpu_json(std::string_view cpuinfo);

/// cpu_json() of this machine, with "memory_bytes" and "load_before", how many threads wanted a processor on
/// average of the last minute: more than a few tenths disturb the figures.
Json machine_json();

}  // namespace plimsoll::bench
