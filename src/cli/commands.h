// The program's commands. Each returns the exit code.
#pragma once

#include <string>

#include "cli/interrupt.h"
#include "cli/options.h"
#include "cli/prove_options.h"
#include "cli/serve_options.h"

namespace plimsoll::cli {

int run_command(const ModelOptions& options, const std::string& prompt, Interrupt& interrupt);
int eval_command(EvalOptions options, Interrupt& interrupt);
int chat_command(const ModelOptions& options, Interrupt& interrupt);
int serve_command(ServeOptions options, Interrupt& interrupt);
/// `program` with its version, and `command` as it was typed, are for the report.
int prove_command(const ProveOptions& options, const std::string& program, const std::string& command,
                  Interrupt& interrupt);
int device_command(const DeviceOptions& options);
int plan_command(const PlanOptions& options);
int pull_command(const PullOptions& options, Interrupt& interrupt);
int models_command(const ModelsOptions& options);
int watch_command(const WatchOptions& options, Interrupt& interrupt);

}  // namespace plimsoll::cli
