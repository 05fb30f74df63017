#include "report/device_json.h"

namespace plimsoll::report {

Json device_json(const session::DeviceSetup& device) {
  return {{"memory_bytes", device.memory_bytes},
          {"tier", to_string(device.configuration.tier)},
          {"strategy", to_string(device.configuration.strategy)}};
}

Json configuration_json(const session::DeviceSetup& device) {
  const MemoryConfiguration& c = device.configuration;
  return {{"cache_limit_bytes", session::cache_limit_of(device)},
          {"memory_limit_bytes", bytes_or_null(c.memory_limit_bytes)},
          {"max_tokens", c.max_tokens},
          {"image_size", c.image_size},
          {"keep_model_loaded", c.keep_model_loaded},
          {"aggressive_cleanup", to_string(c.aggressive_cleanup)}};
}

Json machine_json(const DeviceMemory& machine) {
  Json bounds = Json::array();
  for (const MemoryBound& bound : machine.bounds) {
    bounds.push_back({{"source", bound.source},
                      {"limit_bytes", bound.limit_bytes},
                      {"available_bytes", bound.available_bytes}});
  }
  return {{"physical_bytes", machine.physical_bytes},
          {"effective_bytes", machine.effective_bytes},
          {"effective_source", machine.effective_source},
          {"available_bytes", machine.available_bytes},
          {"bounds", bounds}};
}

}  // namespace plimsoll::report
