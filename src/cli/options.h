// What can be said on the command line, as it was said; session/session.h makes sense of it.
#pragma once

#include <CLI/App.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "session/options.h"

namespace plimsoll::cli {

struct DeviceOptions {
  session::DeviceChoice choice;
  bool json = false;

  void add_to(CLI::App& command);
};

struct PlanOptions {
  session::SessionOptions session;
  bool json = false;

  void add_to(CLI::App& command);
};

struct WatchOptions {
  std::optional<int> pid;
  bool json = false;

  void add_to(CLI::App& command);
};

struct PullOptions {
  std::string what;  // a name of the catalogue, or hf:OWNER/REPO[:FILE]
  std::string name;  // what to call it here; empty: the catalogue's, or the file's
  int stall_seconds = 30;
  int tries = 5;
  bool json = false;

  void add_to(CLI::App& command);
};

struct ModelsOptions {
  bool json = false;

  void add_to(CLI::App& command);
};

struct ModelOptions : PlanOptions {
  std::vector<std::string> images;
  std::optional<std::string> video;
  std::optional<std::string> system_prompt;
  std::optional<std::uint32_t> seed;

  void add_to(CLI::App& command);
};

struct EvalOptions {
  session::SessionOptions session;
  std::string questions;            // a file as question_set.h reads it
  std::optional<std::string> json;  // where the result goes; also what makes a run resumable
  bool show_wrong = false;

  void add_to(CLI::App& command);
};

/// Which device, which model: what a plan is made from.
void add_device_options(CLI::App& command, session::DeviceChoice& choice);
void add_model_options(CLI::App& command, session::SessionOptions& session);
/// Limits, sampling, threads and log: the others of an evaluator.
void add_engine_options(CLI::App& command, session::SessionOptions& session);

}  // namespace plimsoll::cli
