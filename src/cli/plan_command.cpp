#include <iostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/plan_table.h"
#include "cli/report_json.h"

namespace plimsoll::cli {

namespace {

// The classes as devices: a size in the middle of each, and the machine at hand.
struct Described {
  const char* name;
  std::uint64_t memory_bytes;
};
constexpr Described kClasses[] = {{"ultra low (2 GiB)", 2 * kGiB},
                                  {"low (3 GiB)", 3 * kGiB},
                                  {"standard (4 GiB)", 4 * kGiB},
                                  {"high (8 GiB)", 8 * kGiB}};

Expected<PlannedDevice> plan_for(MemoryPlanner& planner, std::string name, std::uint64_t memory_bytes,
                                 Strategy strategy) {
  PlannedDevice planned{.name = std::move(name), .configuration = configuration_for(strategy, memory_bytes)};
  auto pool = MemoryPool::create();
  pool->set_memory_limit(planned.configuration.memory_limit_bytes);
  planned.budget = measure_budget(*pool, memory_bytes);
  auto plan = planner.plan(planned.configuration, planned.budget);
  if (!plan) return tl::unexpected(plan.error());
  planned.plan = std::move(*plan);
  return planned;
}

}  // namespace

int plan_command(const PlanOptions& options) {
  const bool json = options.json;
  const session::SessionOptions& asked = options.session;
  auto device = session::set_up_device(asked.device);
  if (!device) return report_error(device.error(), json);
  auto files = find_model(asked.model, asked.mmproj);
  if (!files) return report_error(files.error(), json);
  auto planner = MemoryPlanner::open(*files, 0, asked.vision_kernels);
  if (!planner) return report_error(planner.error(), json);

  std::vector<PlannedDevice> devices;
  const auto add = [&](std::string name, std::uint64_t memory_bytes) -> Expected<void> {
    auto planned = plan_for(*planner, std::move(name), memory_bytes, asked.device.strategy);
    if (!planned) return tl::unexpected(planned.error());
    devices.push_back(std::move(*planned));
    return {};
  };
  Expected<void> done;
  for (const Described& described : kClasses) {
    if (done && !device->assumed) done = add(described.name, described.memory_bytes);
  }
  const std::string name = device->assumed ? format_size(device->memory_bytes) : "this machine";
  if (done) done = add(name, device->memory_bytes);
  if (!done) return report_error(done.error(), json);

  std::cout << (json ? plans_json(files->name, devices) + "\n" : plan_table(files->name, devices))
            << std::flush;
  const PlannedDevice& last = devices.back();
  return last.plan.fits() ? static_cast<int>(ExitCode::ok)
                          : report_error(does_not_fit_error(last.plan, last.budget), false);
}

}  // namespace plimsoll::cli
