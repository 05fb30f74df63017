// What a person sees: progress and figures on stderr, the answer alone on stdout.
#pragma once

#include <string>
#include <string_view>

#include "cli/session.h"

namespace plimsoll::cli {

/// A line on stderr that replaces itself; nothing at all where stderr is not a terminal.
class ProgressLine {
 public:
  ProgressLine();
  ~ProgressLine() { clear(); }
  void show(std::string_view text);
  void clear();

 private:
  bool terminal_;
  bool shown_ = false;
};

/// Says once, before the answer, what the plan gave up so that the model fits. Nothing where it gave up
/// nothing.
class PlanNotice {
 public:
  explicit PlanNotice(const VlmEvaluator& evaluator) : evaluator_(evaluator) {}
  void show_once();

 private:
  const VlmEvaluator& evaluator_;
  bool shown_ = false;
};

/// "42 tokens/s, first token after 0.31 s; memory: active 38.1 MiB, cache 4.2 MiB, peak 41.0 MiB, ..."
std::string figures_line(const Session& session, const GenerationResult& result);

/// The ledger as a table, holders without bytes left out.
std::string memory_table(const Session& session);

/// The device and its configuration as `plimsoll device` shows them.
std::string device_table(const DeviceSetup& device);

}  // namespace plimsoll::cli
