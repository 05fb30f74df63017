#include "engine/engine_log.h"

#include <spdlog/spdlog.h>

#include <mutex>
#include <string_view>
#include <utility>

#include "llama.h"
#include "mtmd-helper.h"

namespace plimsoll::engine {

namespace {

thread_local std::string complaint;

void log_line(ggml_log_level level, const char* text, void*) {
  std::string_view line(text);
  while (!line.empty() && (line.back() == '\n' || line.back() == ' ')) line.remove_suffix(1);
  if (line.empty()) return;
  if (level == GGML_LOG_LEVEL_ERROR && complaint.empty()) complaint = line;
  spdlog::debug("{}", line);
}

// "llama_model_load: error loading model: X" -> "error loading model: X": a function's name helps nobody.
std::string_view without_function_name(std::string_view line) {
  const auto colon = line.find(": ");
  const bool is_name = colon != std::string_view::npos && line.find(' ') > colon;
  return is_name ? line.substr(colon + 2) : line;
}

}  // namespace

void capture_engine_log() {
  static std::once_flag once;
  std::call_once(once, [] {
    llama_log_set(log_line, nullptr);
    mtmd_helper_log_set(log_line, nullptr);
  });
  complaint.clear();
}

std::string take_engine_complaint() {
  const std::string line = std::exchange(complaint, {});
  return std::string(without_function_name(line));
}

}  // namespace plimsoll::engine
