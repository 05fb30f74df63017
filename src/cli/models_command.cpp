#include <iostream>

#include "base/model_folders.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/models_table.h"
#include "plimsoll/evaluator.h"

namespace plimsoll::cli {

int models_command(const ModelsOptions& options) {
  const auto folders = model_search_paths();
  ModelsOverview overview{.here = models::models_in(folders),
                          .found = models::OtherCaches(process_environment()).all(),
                          .pulled_folders = pulled_model_folders(process_environment())};
  // Without a catalogue there is still what is here.
  auto catalogue = models::read_catalogue(folders);
  if (catalogue) {
    overview.catalogue = std::move(*catalogue);
  } else if (catalogue.error().code != ErrorCode::not_found) {
    return report_error(catalogue.error(), options.json);
  }
  std::cout << (options.json ? models_json(overview) : models_table(overview)) << std::flush;
  return static_cast<int>(ExitCode::ok);
}

}  // namespace plimsoll::cli
