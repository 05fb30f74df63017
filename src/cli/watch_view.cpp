#include "cli/watch_view.h"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string_view>

namespace plimsoll::cli {

namespace {

constexpr std::size_t kShownReclaims = 6;
constexpr int kWidestBar = 60, kNarrowestBar = 8;
constexpr int kBesideBar = 28, kSecondFigure = 23;  // columns of a row's other parts

constexpr const char* kGreen = "\033[32m";
constexpr const char* kYellow = "\033[33m";
constexpr const char* kRed = "\033[31m";
constexpr const char* kBold = "\033[1m";

bool begins_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }

int columns(std::string_view text) {
  return static_cast<int>(std::count_if(text.begin(), text.end(), begins_character));
}

std::string clipped(std::string_view text, int width) {
  auto end = text.begin();
  for (int left = width; end != text.end(); ++end) {
    if (begins_character(*end) && left-- == 0) break;
  }
  return {text.begin(), end};
}

int share_of(int parts, std::size_t bytes, std::size_t scale) {
  if (scale == 0) return 0;
  return static_cast<int>(
      std::ceil(std::min(1.0, static_cast<double>(bytes) / static_cast<double>(scale)) * parts));
}

// Eighths of a column, rounded up: what holds a byte is seen. Shaded up to the peak.
std::string bar(std::size_t bytes, std::size_t peak, std::size_t scale, int width) {
  static constexpr std::array<const char*, 8> kPart = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const int eighths = share_of(width * 8, bytes, scale);
  std::string text;
  for (int i = 0; i < eighths / 8; ++i) text += "█";
  text += kPart[static_cast<std::size_t>(eighths % 8)];
  for (int i = columns(text); i < share_of(width, peak, scale); ++i) text += "░";
  return text + std::string(static_cast<std::size_t>(width - columns(text)), ' ');
}

std::string percent(std::size_t bytes, std::size_t whole) {
  return whole == 0 ? ""
                    : fmt::format("{:.0f}%", 100.0 * static_cast<double>(bytes) / static_cast<double>(whole));
}

std::string clock_text(std::chrono::milliseconds time) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(time).count();
  const auto hours = seconds / 3600;
  return hours > 0 ? fmt::format("{}:{:02}:{:02}", hours, seconds / 60 % 60, seconds % 60)
                   : fmt::format("{}:{:02}", seconds / 60, seconds % 60);
}

// What follows a row's own figure.
struct Second {
  std::string_view word;
  std::string figure;
  std::string share{};
  std::size_t peak_bytes = 0;
};

Second of_limit(std::size_t bytes, std::size_t limit) {
  return {"of", format_size(limit), percent(bytes, limit)};
}
Second peak_at(std::size_t bytes) {
  return {.word = "peak", .figure = format_size(bytes), .peak_bytes = bytes};
}

class View {
 public:
  explicit View(const ViewStyle& style) : style_(style) {
    has_second_ = style.width >= kBesideBar + kSecondFigure + kNarrowestBar;
    const int bar = style.width - kBesideBar - (has_second_ ? kSecondFigure : 0);
    bar_ = std::clamp(bar, kNarrowestBar, kWidestBar);
  }

  // `colour` is for the whole line, so that clipping never cuts an escape sequence.
  void line(std::string_view text, const char* colour = nullptr) {
    const std::string seen = clipped(text, style_.width);
    text_ += (style_.colour && colour != nullptr ? colour + seen + "\033[0m" : seen) + "\n";
  }

  void row(std::string_view title, std::size_t bytes, std::size_t scale, const Second& second,
           const char* colour = nullptr) {
    std::string text = fmt::format("{:<16} {} {:>10}", title, bar(bytes, second.peak_bytes, scale, bar_),
                                   format_size(bytes));
    if (has_second_) text += fmt::format("  {:<4} {:>10} {:>5}", second.word, second.figure, second.share);
    text.erase(text.find_last_not_of(' ') + 1);
    line(text, colour);
  }

  std::string take() { return std::move(text_); }

 private:
  ViewStyle style_;
  bool has_second_;
  int bar_;
  std::string text_;
};

const char* colour_of(MemoryPressure pressure) {
  return pressure == MemoryPressure::normal ? kGreen : pressure == MemoryPressure::warning ? kYellow : kRed;
}

// Bars without a memory limit are of the device, and before that was measured of the peak.
std::size_t scale_of(const LedgerSnapshot& snapshot) {
  const MemoryLedger& ledger = snapshot.memory.ledger;
  if (ledger.memory_limit_bytes) return *ledger.memory_limit_bytes;
  return snapshot.use ? snapshot.use->capacity_bytes : ledger.peak_bytes + ledger.cache_bytes;
}

void show_holders(View& view, const LedgerSnapshot& snapshot) {
  const MemoryLedger& ledger = snapshot.memory.ledger;
  const std::size_t scale = scale_of(snapshot), held = ledger.active_bytes + ledger.cache_bytes;
  const auto limit = ledger.memory_limit_bytes;
  view.row("memory line", held, scale, limit ? of_limit(held, *limit) : Second{"of", "no limit"}, kBold);
  for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
    const std::size_t bytes = ledger.holder_bytes[i], peak = ledger.holder_peak_bytes[i];
    if (bytes == 0 && peak == 0) continue;
    view.row(fmt::format("  {}", to_string(static_cast<MemoryHolder>(i))), bytes, scale, peak_at(peak));
  }
  view.row("  active", ledger.active_bytes, 0, peak_at(ledger.peak_bytes));
  view.row("  cache", ledger.cache_bytes, 0, {"of", format_size(ledger.cache_limit_bytes)});
}

void show_device(View& view, const LedgerSnapshot& snapshot) {
  const MemoryReport& memory = snapshot.memory;
  const std::size_t scale = snapshot.use ? snapshot.use->capacity_bytes : 0;
  if (snapshot.use) {
    const std::size_t used = snapshot.use->used_bytes;
    view.row("device", used, scale, of_limit(used, scale), kBold);
  } else {
    view.line("device", kBold);
  }
  view.row("  footprint", memory.footprint_bytes, scale, peak_at(memory.footprint_peak_bytes));
  view.row("  unaccounted", memory.unaccounted_bytes, scale, {});
  view.row("  mapped", memory.ledger.mapped_bytes, scale, {});
  if (snapshot.use)
    view.line(fmt::format("  nearest to its limit: {}, seen every {} s", snapshot.use->source,
                          kSampleInterval.count()));
}

void show_concessions(View& view, const std::vector<std::string>& concessions) {
  if (concessions.empty()) return;
  view.line("");
  view.line("given up to fit", kBold);
  for (const std::string& concession : concessions) view.line("  " + concession);
}

void show_reclaims(View& view, const std::vector<ReclaimEvent>& reclaims) {
  if (reclaims.empty()) return;
  view.line("");
  view.line("given back", kBold);
  for (std::size_t i = reclaims.size() - std::min(reclaims.size(), kShownReclaims); i < reclaims.size();
       ++i) {
    const ReclaimEvent& event = reclaims[i];
    view.line(fmt::format("  {:>7}  {:<16} {:>10} of {:>10} came back {:>6.0f} ms{}", clock_text(event.at),
                          event.rung, format_size(event.returned_bytes), format_size(event.claimed_bytes),
                          event.duration_ms, event.kept_promise ? "" : "  short"),
              event.kept_promise ? nullptr : kYellow);
  }
}

}  // namespace

std::string watch_view(const LedgerSnapshot& snapshot, const std::vector<ReclaimEvent>& reclaims,
                       const ViewStyle& style) {
  View view(style);
  view.line(fmt::format("{}   pid {}   up {}", snapshot.model, snapshot.pid, clock_text(snapshot.uptime)),
            kBold);
  view.line(fmt::format("pressure {}", to_string(snapshot.pressure)), colour_of(snapshot.pressure));
  view.line("");
  show_holders(view, snapshot);
  view.line("");
  show_device(view, snapshot);
  show_concessions(view, snapshot.concessions);
  show_reclaims(view, reclaims);
  return view.take();
}

}  // namespace plimsoll::cli
