#include "session/session.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::session {

namespace {

// Measures against the device that classes are made for, also where that is only assumed.
std::shared_ptr<MemoryMonitor> make_monitor(std::uint64_t device_memory_bytes) {
  MonitorOptions options;
  options.sample = [device_memory_bytes]() -> Expected<MemoryUse> {
    auto machine = read_device_memory();
    if (!machine) return tl::unexpected(machine.error());
    machine->effective_bytes = std::min(machine->effective_bytes, device_memory_bytes);
    return read_process_footprint().map(
        [&](const ProcessFootprint& f) { return memory_use_of(f, *machine); });
  };
  return std::make_shared<MemoryMonitor>(std::move(options));
}

std::function<MemoryBudget()> adjusted_budget(std::shared_ptr<MemoryPool> pool, std::uint64_t device_bytes,
                                              std::function<void(MemoryBudget&)> adjust) {
  if (!adjust) return {};
  return [pool = std::move(pool), device_bytes, adjust = std::move(adjust)] {
    MemoryBudget budget = measure_budget(*pool, device_bytes);
    adjust(budget);
    return budget;
  };
}

}  // namespace

void set_up_log(bool verbose) {
  auto logger = spdlog::get("plimsoll");
  if (!logger) logger = spdlog::stderr_color_mt("plimsoll");
  logger->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
  spdlog::set_default_logger(logger);
}

Expected<DeviceSetup> set_up_device(const DeviceChoice& choice) {
  auto machine = read_device_memory();
  if (!machine) return tl::unexpected(machine.error());
  DeviceSetup device;
  device.machine = std::move(*machine);
  device.assumed = choice.device_memory_bytes.has_value();
  device.memory_bytes = choice.device_memory_bytes.value_or(device.machine.effective_bytes);
  device.configuration = configuration_for(choice.strategy, device.memory_bytes);
  return device;
}

MemoryConfiguration configuration_of(const SessionOptions& options, Strategy strategy,
                                     std::uint64_t device_memory_bytes) {
  MemoryConfiguration configuration = configuration_for(strategy, device_memory_bytes);
  if (options.memory_limit_bytes) configuration.memory_limit_bytes = options.memory_limit_bytes;
  if (options.cache_limit_bytes) configuration.cache_limit_bytes = options.cache_limit_bytes;
  if (options.max_tokens) configuration.max_tokens = *options.max_tokens;
  if (options.image_size) configuration.image_size = *options.image_size;
  if (options.temperature) configuration.temperature = *options.temperature;
  if (options.top_p) configuration.top_p = *options.top_p;
  if (options.answers_at_once) configuration.answers_at_once = *options.answers_at_once;
  return configuration;
}

std::uint64_t cache_limit_of(const DeviceSetup& device) {
  return device.configuration.cache_limit_bytes.value_or(device.memory_bytes);
}

namespace {

std::optional<EngineSettings> settings_of(const SessionOptions& options) {
  if (!options.kv_type) return std::nullopt;
  return EngineSettings{.kv_type = *options.kv_type};
}

}  // namespace

Expected<Session> open_session(const SessionOptions& options, BudgetCaution caution) {
  set_up_log(options.verbose);
  auto device = set_up_device(options.device);
  if (!device) return tl::unexpected(device.error());
  device->configuration = configuration_of(options, options.device.strategy, device->memory_bytes);
  auto model = find_model(options.model, options.mmproj);
  if (!model) return tl::unexpected(model.error());

  Session session{.device = std::move(*device),
                  .model = std::move(*model),
                  .pool = MemoryPool::create(),
                  .monitor = {},
                  .evaluator = {}};
  const std::uint64_t bytes = session.device.memory_bytes;
  session.monitor = make_monitor(bytes);
  session.evaluator = std::make_unique<VlmEvaluator>(
      EvaluatorOptions{.model = session.model,
                       .configuration = session.device.configuration,
                       .engine = settings_of(options),
                       .device_memory_bytes = bytes,
                       .threads = options.threads,
                       .vision_kernels = options.vision_kernels,
                       .budget = adjusted_budget(session.pool, bytes, std::move(caution.adjust)),
                       .ease_budget = std::move(caution.ease),
                       .monitor = session.monitor},
      session.pool);
  return session;
}

}  // namespace plimsoll::session
