#include <spdlog/fmt/fmt.h>

#include <atomic>
#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
#include <thread>
#include <utility>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/terminal.h"
#include "prove/report.h"
#include "prove/trial.h"
#include "session/session.h"

namespace plimsoll::cli {

namespace {

prove::Plan plan_of(const ProveOptions& options) {
  prove::Plan plan = options.quick ? prove::quick_plan() : prove::full_plan(std::chrono::minutes(30));
  if (options.minutes > 0) {
    plan.long_run = std::chrono::milliseconds(std::llround(options.minutes * 60 * 1000));
  }
  return plan;
}

std::vector<Strategy> strategies_of(const ProveOptions& options) {
  if (!options.compare) return {options.session.device.strategy};
  return {Strategy::legacy, Strategy::quick_fix, Strategy::tiered, Strategy::fitted};
}

// "model name	: AMD EPYC" of /proc/cpuinfo; empty where there is no such file.
std::string processor_name() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  const std::string key = "model name";
  for (std::string line; std::getline(cpuinfo, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with(key) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return {};
}

std::string now_text() {
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  return fmt::format("{:04}-{:02}-{:02} {:02}:{:02} UTC", utc.tm_year + 1900, utc.tm_mon + 1, utc.tm_mday,
                     utc.tm_hour, utc.tm_min);
}

prove::Circumstances circumstances_of(const std::string& program, const std::string& command) {
  const auto memory = read_device_memory();
  const std::string name = processor_name();
  return {.program = program,
          .command = command,
          .date = now_text(),
          .machine = fmt::format("{}{} processors, {}", name.empty() ? "" : name + ", ",
                                 std::thread::hardware_concurrency(),
                                 memory ? format_size(memory->physical_bytes) : "memory unknown")};
}

Expected<void> write_file(const std::string& path, const std::string& content) {
  if (path.empty()) return {};
  std::ofstream file(path, std::ios::binary);
  if (file << content << std::flush) return {};
  return fail(ErrorCode::io, path + " can not be written");
}

// A report that can not be written is better known before half an hour than after it.
Expected<void> check_writable(const std::string& path) {
  if (path.empty()) return {};
  if (std::ofstream file(path, std::ios::app); file) return {};
  return fail(ErrorCode::io, path + " can not be written");
}

std::vector<prove::Trial> run_trials(const ProveOptions& options,
                                     const std::vector<std::filesystem::path>& pictures,
                                     const std::atomic<bool>& interrupted) {
  std::vector<prove::Trial> trials;
  ProgressLine progress;
  for (const Strategy strategy : strategies_of(options)) {
    prove::TrialOrder order{.options = options.session, .plan = plan_of(options), .pictures = pictures};
    order.options.device.strategy = strategy;
    trials.push_back(prove::run_trial(order, {"prove-trial"}, &interrupted, [&](std::string_view text) {
      progress.show(fmt::format("{}: {}", to_string(strategy), text));
    }));
    if (interrupted) break;
  }
  return trials;
}

}  // namespace

int prove_command(const ProveOptions& options, const std::string& program, const std::string& command,
                  Interrupt& interrupt) {
  session::set_up_log(options.session.verbose);
  for (const std::string& path : {options.json_file, options.report_file}) {
    if (auto writable = check_writable(path); !writable) return report_error(writable.error(), false);
  }
  if (auto model = find_model(options.session.model, options.session.mmproj); !model) {
    return report_error(model.error(), false);
  }
  const auto pictures = prove::example_pictures();
  if (!pictures) return report_error(pictures.error(), false);

  std::atomic<bool> interrupted = false;
  interrupt.call([&] { interrupted = true; });
  const auto trials = run_trials(options, *pictures, interrupted);
  interrupt.call({});

  std::cout << prove::text_report(trials) << std::flush;
  const auto circumstances = circumstances_of(program, command);
  auto written = write_file(options.report_file, prove::html_report(trials, circumstances));
  if (written) written = write_file(options.json_file, prove::json_report(trials, circumstances));
  if (!written) return report_error(written.error(), false);
  if (interrupted) return static_cast<int>(ExitCode::interrupted);
  return static_cast<int>(prove::all_pass(trials) ? ExitCode::ok : ExitCode::other);
}

}  // namespace plimsoll::cli
