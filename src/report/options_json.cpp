#include "report/options_json.h"

namespace plimsoll::report {

namespace {

template <typename T>
Json or_null(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

template <typename T>
void read_optional(const Json& json, const char* name, std::optional<T>& into) {
  const Json& value = json.at(name);
  if (!value.is_null()) into = value.get<T>();
}

// Both processes are the same program: numbers do.
template <typename Enum>
Enum enum_at(const Json& json, const char* name) {
  return static_cast<Enum>(json.at(name).get<int>());
}

}  // namespace

Json options_json(const session::SessionOptions& o) {
  return {{"strategy", static_cast<int>(o.device.strategy)},
          {"device_memory_bytes", or_null(o.device.device_memory_bytes)},
          {"model", o.model},
          {"mmproj", o.mmproj},
          {"vision_kernels", static_cast<int>(o.vision_kernels)},
          {"memory_limit_bytes", or_null(o.memory_limit_bytes)},
          {"cache_limit_bytes", or_null(o.cache_limit_bytes)},
          {"max_tokens", or_null(o.max_tokens)},
          {"image_size", or_null(o.image_size)},
          {"temperature", or_null(o.temperature)},
          {"top_p", or_null(o.top_p)},
          {"answers_at_once", or_null(o.answers_at_once)},
          {"threads", o.threads},
          {"verbose", o.verbose}};
}

session::SessionOptions options_from_json(const Json& json) {
  session::SessionOptions o;
  o.device.strategy = enum_at<Strategy>(json, "strategy");
  read_optional(json, "device_memory_bytes", o.device.device_memory_bytes);
  json.at("model").get_to(o.model);
  json.at("mmproj").get_to(o.mmproj);
  o.vision_kernels = enum_at<VisionKernels>(json, "vision_kernels");
  read_optional(json, "memory_limit_bytes", o.memory_limit_bytes);
  read_optional(json, "cache_limit_bytes", o.cache_limit_bytes);
  read_optional(json, "max_tokens", o.max_tokens);
  read_optional(json, "image_size", o.image_size);
  read_optional(json, "temperature", o.temperature);
  read_optional(json, "top_p", o.top_p);
  read_optional(json, "answers_at_once", o.answers_at_once);
  json.at("threads").get_to(o.threads);
  json.at("verbose").get_to(o.verbose);
  return o;
}

}  // namespace plimsoll::report
