#include "cli/terminal.h"

#include <spdlog/fmt/fmt.h>
#include <unistd.h>

#include <cstdio>
#include <utility>

#include "report/plan_json.h"

namespace plimsoll::cli {

namespace {

std::string limit_text(const std::optional<std::uint64_t>& bytes) {
  return bytes ? format_size(*bytes) : "none";
}

std::string limits_text(const DeviceSetup& device) {
  return fmt::format("limits {} memory, {} cache", limit_text(device.configuration.memory_limit_bytes),
                     format_size(session::cache_limit_of(device)));
}

}  // namespace

ProgressLine::ProgressLine() : terminal_(isatty(STDERR_FILENO) == 1) {}

void ProgressLine::show(std::string_view text) {
  if (!terminal_) return;
  std::fprintf(stderr, "\r\033[K%.*s", static_cast<int>(text.size()), text.data());
  shown_ = true;
}

void ProgressLine::clear() {
  if (shown_) std::fputs("\r\033[K", stderr);
  shown_ = false;
}

void PlanNotice::show_once() {
  if (std::exchange(shown_, true)) return;
  const auto plan = evaluator_.plan();
  const std::string sentence = plan ? report::concession_sentence(*plan) : "";
  if (!sentence.empty()) std::fprintf(stderr, "plimsoll: %s\n", sentence.c_str());
}

std::string figures_line(const Session& session, const GenerationResult& result) {
  const GenerationTiming& t = result.timing;
  const MemoryLedger ledger = session.pool->ledger();
  const std::string ended = result.finish_reason == FinishReason::stop     ? ""
                            : result.finish_reason == FinishReason::length ? "stopped at max tokens; "
                            : result.finish_reason == FinishReason::memory ? "cut short, memory ran out; "
                                                                           : "cancelled; ";
  const int frames = result.video_frames;
  const std::string looked_at =
      frames > 0 ? fmt::format("looked at {} {}; ", frames, frames == 1 ? "frame" : "frames") : "";
  return fmt::format(
      "[{}{}{} tokens, {:.1f} tokens/s, first token after {:.2f} s; memory: active {}, cache {}, peak {}, "
      "{}]",
      looked_at, ended, t.tokens, t.tokens_per_second, t.time_to_first_token_ms / 1000,
      format_size(ledger.active_bytes), format_size(ledger.cache_bytes), format_size(ledger.peak_bytes),
      limits_text(session.device));
}

std::string memory_table(const Session& session) {
  const MemoryReport report = memory_report(*session.pool);
  std::string text;
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    const std::size_t bytes = report.ledger.holder_bytes[i], peak = report.ledger.holder_peak_bytes[i];
    if (bytes == 0 && peak == 0) continue;
    text += fmt::format("  {:<16} {:>10}   peak {:>10}\n", to_string(static_cast<MemoryHolder>(i)),
                        format_size(bytes), format_size(peak));
  }
  text +=
      fmt::format("  {:<16} {:>10}   peak {:>10}   {}\n", "active", format_size(report.ledger.active_bytes),
                  format_size(report.ledger.peak_bytes), limits_text(session.device));
  text += fmt::format("  {:<16} {:>10}   file pages the system may drop\n", "mapped",
                      format_size(report.ledger.mapped_bytes));
  text += fmt::format("  {:<16} {:>10}   code, heap, pages of the model file\n", "unaccounted",
                      format_size(report.unaccounted_bytes));
  text += fmt::format("  {:<16} {:>10}   peak {:>10}   all of the process\n", "footprint",
                      format_size(report.footprint_bytes), format_size(report.footprint_peak_bytes));
  return text;
}

std::string device_table(const DeviceSetup& device) {
  const MemoryConfiguration& c = device.configuration;
  std::string text = fmt::format("Device          {}, class \"{}\" ({}){}\n",
                                 format_size(device.memory_bytes), to_string(c.tier), to_string(c.strategy),
                                 device.assumed ? ", as given by --device-memory" : "");
  text += "Memory bounds of this machine\n";
  for (const MemoryBound& bound : device.machine.bounds) {
    text += fmt::format("  {:>9}   {:>9} available   {}{}\n", format_size(bound.limit_bytes),
                        format_size(bound.available_bytes), bound.source,
                        bound.source == device.machine.effective_source ? "   <- decides" : "");
  }
  text += "Configuration\n";
  text += fmt::format("  cache limit         {}\n", format_size(session::cache_limit_of(device)));
  text += fmt::format("  memory limit        {}\n", limit_text(c.memory_limit_bytes));
  text += fmt::format("  max tokens          {}\n", c.max_tokens);
  text += fmt::format("  image size          {0} x {0} pixels\n", c.image_size);
  text += fmt::format("  keep model loaded   {}\n",
                      c.keep_model_loaded ? "yes" : "no, it leaves after each answer");
  text += fmt::format("  aggressive cleanup  {}\n", to_string(c.aggressive_cleanup));
  text += fmt::format("  sampling            temperature {}, top-p {}\n", c.temperature, c.top_p);
  return text;
}

}  // namespace plimsoll::cli
