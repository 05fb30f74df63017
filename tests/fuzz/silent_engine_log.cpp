// engine/engine_log.h for a program that has ggml alone: what it says is dropped.
#include "engine/engine_log.h"
#include "ggml.h"

namespace plimsoll::engine {

void capture_engine_log() {
  ggml_log_set([](ggml_log_level, const char*, void*) {}, nullptr);
}

std::string take_engine_complaint() { return {}; }

}  // namespace plimsoll::engine
