#include "cli/plan_table.h"

#include <spdlog/fmt/fmt.h>

#include <functional>

namespace plimsoll::cli {

namespace {

std::string row(const std::string& title, const std::vector<PlannedDevice>& devices,
                const std::function<std::string(const PlannedDevice&)>& cell) {
  std::string text = fmt::format("{:<22}", title);
  for (const PlannedDevice& device : devices) text += fmt::format("{:>18}", cell(device));
  return text + "\n";
}

std::string size_or_dash(std::size_t bytes) { return bytes == 0 ? "-" : format_size(bytes); }

std::string how_text_weights_lie(const MemoryPlan& plan) {
  if (plan.streamed_bytes > 0) return "partly streamed";
  if (plan.settings.streamed_text_resident_bytes) return "leave in between";
  return plan.settings.repack ? "repacked" : "mapped";
}

std::string holder_rows(const std::vector<PlannedDevice>& devices) {
  std::string text;
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    bool any = false;
    for (const PlannedDevice& device : devices) any = any || device.plan.holder_bytes[i] > 0;
    if (!any) continue;
    text += row("  " + std::string(to_string(static_cast<MemoryHolder>(i))), devices,
                [&](const PlannedDevice& d) { return size_or_dash(d.plan.holder_bytes[i]); });
  }
  return text;
}

}  // namespace

std::string plan_table(const std::string& model, const std::vector<PlannedDevice>& devices) {
  using Device = const PlannedDevice&;
  std::string text = model + ": one question about one picture\n";
  text += row("", devices, [](Device d) { return d.name; });
  text += row("class", devices, [](Device d) { return std::string(to_string(d.configuration.tier)); });
  text += row("memory limit", devices, [](Device d) {
    return d.budget.line_bytes ? format_size(*d.budget.line_bytes) : std::string("none");
  });
  text += row("the device leaves", devices, [](Device d) { return format_size(d.budget.growth_bytes); });
  text += holder_rows(devices);
  text += row("peak of these", devices, [](Device d) { return format_size(d.plan.peak_bytes); });
  text += row("peak of the process", devices, [](Device d) { return format_size(d.plan.footprint_bytes); });
  text += row("context, tokens", devices, [](Device d) { return std::to_string(d.plan.context_tokens); });
  text += row("longest answer", devices, [](Device d) { return std::to_string(d.plan.max_tokens); });
  text += row("batch", devices, [](Device d) { return std::to_string(d.plan.settings.batch_tokens); });
  text += row("KV type", devices, [](Device d) { return std::string(to_string(d.plan.settings.kv_type)); });
  text += row("vision encoder", devices, [](Device d) {
    return std::string(d.plan.settings.vision == VisionResidency::resident ? "stays" : "on demand");
  });
  text += row("text weights", devices, [](Device d) { return how_text_weights_lie(d.plan); });
  text += row("read for each token", devices, [](Device d) { return size_or_dash(d.plan.streamed_bytes); });
  text += row("fits", devices, [](Device d) {
    return d.plan.fits() ? std::string("yes") : format_size(d.plan.missing_bytes) + " short";
  });
  for (const PlannedDevice& device : devices) {
    if (const std::string sentence = report::concession_sentence(device.plan); !sentence.empty()) {
      text += fmt::format("{}: {}\n", device.name, sentence);
    }
  }
  return text;
}

}  // namespace plimsoll::cli
