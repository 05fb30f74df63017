#include <iostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/report_json.h"
#include "cli/terminal.h"

namespace plimsoll::cli {

int device_command(const DeviceOptions& options) {
  auto device = session::set_up_device(options.choice);
  if (!device) return report_error(device.error(), options.json);
  std::cout << (options.json ? device_json(*device) + "\n" : device_table(*device)) << std::flush;
  return static_cast<int>(ExitCode::ok);
}

}  // namespace plimsoll::cli
