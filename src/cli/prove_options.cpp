#include "cli/prove_options.h"

#include <CLI/CLI.hpp>

#include "cli/options.h"

namespace plimsoll::cli {

void ProveOptions::add_to(CLI::App& command) {
  add_model_options(command, session);
  add_device_options(command, session.device);
  add_engine_options(command, session);
  command
      .add_flag("--compare", compare, "Run the plan with legacy, quick-fix, tiered and fitted, and compare")
      ->excludes("--strategy");
  command.add_flag("--quick", quick, "Every part shorter, in a minute or two; proves less, and says so");
  command.add_option("--minutes", minutes, "Length of the long run; default 30, with --quick a third of one")
      ->type_name("N")
      ->check(CLI::Range(0.01, 100000.0));
  command.add_option("--json", json_file, "Write every figure to this file")->type_name("FILE");
  command.add_option("--report", report_file, "Write a page with tables and plots to this file")
      ->type_name("FILE.html");
  command.footer(
      "With --device-memory the trial runs inside a real memory cgroup of what such a device leaves an app\n"
      "(three quarters), where there is the right to make one. The exit code is 0 only where every point of\n"
      "the check-list passed, and with --compare every row of the document is better.");
}

}  // namespace plimsoll::cli
