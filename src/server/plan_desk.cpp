#include "server/plan_desk.h"

#include <algorithm>
#include <future>
#include <memory>

#include "report/device_json.h"
#include "report/plan_json.h"

namespace plimsoll::server {

using report::Json;

namespace {

constexpr std::size_t kMostKnown = 256;

std::size_t less(std::size_t from, std::size_t take) { return from - std::min(from, take); }

}  // namespace

PlanDesk::PlanDesk(const session::Session& session, const session::SessionOptions& options,
                   ThisMachine this_machine)
    : model_(session.model),
      device_(session.device),
      options_(options),
      this_machine_(std::move(this_machine)),
      idle_(read_process_footprint().value_or(ProcessFootprint{})) {}

Expected<Json> PlanDesk::plan(std::optional<std::uint64_t> device_memory_bytes, Strategy strategy) {
  auto promise = std::make_shared<std::promise<Expected<Json>>>();
  auto made = promise->get_future();
  thread_.post([this, promise, device_memory_bytes, strategy] {
    promise->set_value(make(device_memory_bytes, strategy));
  });
  promise.reset();
  try {
    return made.get();
  } catch (const std::future_error&) {  // the thread had ended and took it with it
    return fail(ErrorCode::busy, "no more plans are made: the engine is stopping");
  }
}

Expected<Json> PlanDesk::make(std::optional<std::uint64_t> device_memory_bytes, Strategy strategy) {
  if (!planner_) {
    auto opened = MemoryPlanner::open(model_, options_.threads, options_.vision_kernels);
    if (!opened) return tl::unexpected(opened.error());
    planner_.emplace(std::move(*opened));
  }
  // This machine has more or less free from one moment to the next.
  if (!device_memory_bytes) return make_new(device_memory_bytes, strategy);
  const Key key{*device_memory_bytes, strategy};
  if (const auto found = known_.find(key); found != known_.end()) return found->second;
  auto made = make_new(device_memory_bytes, strategy);
  if (known_.size() >= kMostKnown) known_.clear();
  if (made) known_.emplace(key, *made);
  return made;
}

Expected<Json> PlanDesk::make_new(std::optional<std::uint64_t> device_memory_bytes, Strategy strategy) {
  session::DeviceSetup device = device_;
  device.memory_bytes = device_memory_bytes.value_or(device_.memory_bytes);
  device.assumed = device_.assumed || device_memory_bytes;
  device.configuration = session::configuration_of(options_, strategy, device.memory_bytes);
  const std::string name = device.assumed ? format_size(device.memory_bytes) : "this machine";
  report::PlannedDevice planned{.name = name, .configuration = device.configuration};
  const std::optional<std::size_t> line = device.configuration.memory_limit_bytes;
  const std::vector<MemoryBudget> budgets =
      device_memory_bytes ? std::vector{described_budget(*device_memory_bytes, line)} : this_machine_(line);
  for (const MemoryBudget& budget : budgets) {
    auto plan = planner_->plan(device.configuration, budget);
    if (!plan) return tl::unexpected(plan.error());
    planned.budget = budget;
    planned.plan = std::move(*plan);
    if (planned.plan.fits()) break;
  }
  Json json = report::planned_device_json(planned);
  json["configuration"] = report::configuration_json(device);
  json["sentence"] = report::plan_sentence(planned.plan);
  return json;
}

MemoryBudget PlanDesk::described_budget(std::uint64_t device_memory_bytes,
                                        std::optional<std::size_t> line_bytes) const {
  const std::size_t for_an_app = device_memory_bytes / 4 * 3;  // as measure_budget() has it
  return {.line_bytes = line_bytes,
          .footprint_bytes = idle_.resident_bytes,
          .growth_bytes = less(for_an_app, idle_.resident_bytes)};
}

}  // namespace plimsoll::server
