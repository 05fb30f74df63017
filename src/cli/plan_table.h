// Plans as a person reads them.
#pragma once

#include <string>
#include <vector>

#include "report/plan_json.h"

namespace plimsoll::cli {

using report::PlannedDevice;

/// One column a device: bytes by holder, the peak, what is given up, whether it fits.
std::string plan_table(const std::string& model, const std::vector<PlannedDevice>& devices);

}  // namespace plimsoll::cli
