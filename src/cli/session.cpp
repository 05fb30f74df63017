#include "cli/session.h"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <utility>

namespace plimsoll::cli {

namespace {

void set_up_log(bool verbose) {
  auto logger = spdlog::get("plimsoll");
  if (!logger) logger = spdlog::stderr_color_mt("plimsoll");
  logger->set_pattern("%H:%M:%S.%e %^%l%$ %v");
  logger->set_level(verbose ? spdlog::level::debug : spdlog::level::warn);
  spdlog::set_default_logger(logger);
}

void override_configuration(const ModelOptions& options, MemoryConfiguration& configuration) {
  if (options.memory_limit_bytes) configuration.memory_limit_bytes = options.memory_limit_bytes;
  if (options.cache_limit_bytes) configuration.cache_limit_bytes = options.cache_limit_bytes;
  if (options.max_tokens) configuration.max_tokens = *options.max_tokens;
  if (options.image_size) configuration.image_size = *options.image_size;
  if (options.temperature) configuration.temperature = *options.temperature;
  if (options.top_p) configuration.top_p = *options.top_p;
}

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

}  // namespace

Expected<DeviceSetup> set_up_device(const DeviceOptions& options) {
  auto machine = read_device_memory();
  if (!machine) return tl::unexpected(machine.error());
  DeviceSetup device;
  device.machine = std::move(*machine);
  device.assumed = options.device_memory_bytes.has_value();
  device.memory_bytes = options.device_memory_bytes.value_or(device.machine.effective_bytes);
  device.configuration = configuration_for(options.strategy, device.memory_bytes);
  return device;
}

std::uint64_t cache_limit_of(const DeviceSetup& device) {
  return device.configuration.cache_limit_bytes.value_or(device.memory_bytes);
}

Expected<Session> open_session(const ModelOptions& options) {
  set_up_log(options.verbose);
  auto device = set_up_device(options.device);
  if (!device) return tl::unexpected(device.error());
  override_configuration(options, device->configuration);
  auto model = find_model(options.model, options.mmproj);
  if (!model) return tl::unexpected(model.error());

  Session session{.device = std::move(*device), .pool = MemoryPool::create(), .monitor = {}, .evaluator = {}};
  session.monitor = make_monitor(session.device.memory_bytes);
  session.evaluator =
      std::make_unique<VlmEvaluator>(EvaluatorOptions{.model = std::move(*model),
                                                      .configuration = session.device.configuration,
                                                      .device_memory_bytes = session.device.memory_bytes,
                                                      .threads = options.threads,
                                                      .vision_kernels = options.vision_kernels,
                                                      .monitor = session.monitor},
                                     session.pool);
  return session;
}

Turn first_turn(const ModelOptions& options) {
  Turn turn;
  for (const std::string& image : options.images) turn.images.push_back({std::filesystem::path(image)});
  if (options.video) turn.video = VideoSource{*options.video};
  return turn;
}

GenerationRequest make_request(const ModelOptions& options, std::vector<Turn> turns) {
  return {.turns = std::move(turns), .system_prompt = options.system_prompt, .seed = options.seed};
}

}  // namespace plimsoll::cli
