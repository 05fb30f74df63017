// Real memory cgroups, as the tests call them.
#pragma once

#include "device/limited_cgroup.h"

namespace plimsoll::test {

using MemoryCgroup = device::LimitedCgroup;

}  // namespace plimsoll::test
