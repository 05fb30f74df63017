// What plimsoll prove can be told.
#pragma once

#include <CLI/App.hpp>
#include <string>

#include "session/options.h"

namespace plimsoll::cli {

struct ProveOptions {
  session::SessionOptions session;
  bool compare = false;
  bool quick = false;
  double minutes = 0;                  // of the long run; 0: the plan's own
  std::string json_file, report_file;  // empty: none

  void add_to(CLI::App& command);
};

}  // namespace plimsoll::cli
