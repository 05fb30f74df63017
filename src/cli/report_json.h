// What --json prints, field by field (docs/cli.md).
#pragma once

#include <string>

#include "cli/plan_table.h"
#include "cli/session.h"

namespace plimsoll::cli {

std::string device_json(const DeviceSetup& device);
std::string result_json(const Session& session, const GenerationResult& result);
std::string plans_json(const std::string& model, const std::vector<PlannedDevice>& devices);
std::string error_json(const Error& error);

}  // namespace plimsoll::cli
