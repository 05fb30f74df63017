// A device and what it is configured to as JSON.
#pragma once

#include "report/json.h"
#include "session/session.h"

namespace plimsoll::report {

Json device_json(const session::DeviceSetup& device);
Json configuration_json(const session::DeviceSetup& device);

/// What the machine itself has, bound by bound.
Json machine_json(const DeviceMemory& machine);

}  // namespace plimsoll::report
