#include "cli/watch_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <sstream>

#include "tests/unit/example_snapshot.h"

namespace plimsoll::cli {
namespace {

using report::example_snapshot;

using testing::HasSubstr;
using testing::Not;

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::string line_with(const std::string& text, const std::string& part) {
  for (const std::string& line : lines_of(text)) {
    if (line.find(part) != std::string::npos) return line;
  }
  ADD_FAILURE() << part << " is not in\n" << text;
  return "";
}

int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size()))
    ++found;
  return found;
}

int columns(const std::string& text) {
  return static_cast<int>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

std::string view(const LedgerSnapshot& snapshot, int width = 80, bool colour = false) {
  return watch_view(snapshot, snapshot.reclaims, {.width = width, .colour = colour});
}

TEST(WatchView, SaysWhoIsWatched) {
  const std::string first = lines_of(view(example_snapshot())).front();
  EXPECT_THAT(first, HasSubstr("tiny • 22M"));
  EXPECT_THAT(first, HasSubstr("pid 4711"));
  EXPECT_THAT(first, HasSubstr("up 1:01"));
}

TEST(WatchView, CountsHoursWhenThereAreSome) {
  LedgerSnapshot snapshot = example_snapshot();
  snapshot.uptime = std::chrono::hours(25) + std::chrono::seconds(63);
  EXPECT_THAT(view(snapshot), HasSubstr("up 25:01:03"));
}

// A bar has 29 of 80 columns.
TEST(WatchView, DrawsHoldersAsSharesOfTheMemoryLimit) {
  const std::string text = line_with(view(example_snapshot()), "weights.text");
  EXPECT_EQ(count(text, "█"), 14);
  EXPECT_EQ(count(text, "▌"), 1);
  EXPECT_THAT(text, HasSubstr("32.0 MiB"));
  EXPECT_THAT(text, HasSubstr("33.0 MiB"));
}

TEST(WatchView, ShadesBarsUpToThePeak) {
  EXPECT_EQ(count(line_with(view(example_snapshot()), "  media"), "█"), 0);
  EXPECT_EQ(count(line_with(view(example_snapshot()), "  media"), "░"), 4);
  EXPECT_EQ(count(line_with(view(example_snapshot()), "  kv"), "░"), 1);
}

TEST(WatchView, AddsUpWhatIsHeldAgainstTheMemoryLimit) {
  const std::string text = line_with(view(example_snapshot()), "memory line");
  EXPECT_THAT(text, HasSubstr("49.0 MiB"));
  EXPECT_THAT(text, HasSubstr("64.0 MiB"));
  EXPECT_THAT(text, HasSubstr("77%"));
}

TEST(WatchView, DrawsHoldersAsSharesOfTheDeviceWhereThereIsNoLimit) {
  LedgerSnapshot snapshot = example_snapshot();
  snapshot.memory.ledger.memory_limit_bytes.reset();
  snapshot.use->capacity_bytes = 128 * kMiB;
  EXPECT_EQ(count(line_with(view(snapshot), "weights.text"), "█"), 7);
  EXPECT_THAT(line_with(view(snapshot), "memory line"), HasSubstr("no limit"));
  snapshot.use.reset();
  EXPECT_EQ(count(line_with(view(snapshot), "memory line"), "█"), 24) << "49 MiB of the peak and the cache";
}

TEST(WatchView, ShowsAHolderOfOneByteAndFillsNoMoreThanTheBar) {
  LedgerSnapshot snapshot = example_snapshot();
  snapshot.memory.ledger.holder_bytes[static_cast<std::size_t>(MemoryHolder::kv)] = 1;
  EXPECT_EQ(count(line_with(view(snapshot), "  kv"), "▏"), 1);
  snapshot.memory.ledger.memory_limit_bytes = kMiB;  // lowered below what is held
  EXPECT_EQ(count(line_with(view(snapshot), "weights.text"), "█"), 29);
}

TEST(WatchView, LeavesOutOnlyHoldersThatNeverHeldAnything) {
  const std::string text = view(example_snapshot());
  EXPECT_THAT(line_with(text, "  media"), HasSubstr("7.00 MiB"));
  EXPECT_THAT(text, Not(HasSubstr("cache.images")));
}

TEST(WatchView, ShowsTheProcessOnItsDevice) {
  const std::string text = view(example_snapshot());
  EXPECT_THAT(text, HasSubstr("pressure warning"));
  EXPECT_THAT(line_with(text, "device"), HasSubstr("900 MiB"));
  EXPECT_THAT(line_with(text, "device"), HasSubstr("88%"));
  EXPECT_THAT(line_with(text, "  footprint"), HasSubstr("90.0 MiB"));
  EXPECT_THAT(line_with(text, "  footprint"), HasSubstr("110 MiB"));
  EXPECT_THAT(line_with(text, "  unaccounted"), HasSubstr("41.0 MiB"));
  EXPECT_THAT(line_with(text, "  mapped"), HasSubstr("2.00 MiB"));
  EXPECT_THAT(text, HasSubstr("this process"));
}

TEST(WatchView, AlignsFigures) {
  const std::string text = view(example_snapshot());
  for (const char* title :
       {"memory line", "  kv", "  active", "  cache", "device", "  footprint", "  mapped"}) {
    const std::string line = line_with(text, title);
    EXPECT_EQ(columns(line.substr(0, line.find(" MiB"))), 80 - 23 - 4) << line;
  }
}

TEST(WatchView, HasNoLineLongerThanTheWidth) {
  LedgerSnapshot snapshot = example_snapshot();
  snapshot.model = std::string(300, 'm');
  for (int width = 1; width <= 200; ++width) {
    for (const std::string& line : lines_of(view(snapshot, width))) EXPECT_LE(columns(line), width) << line;
  }
}

TEST(WatchView, KeepsBarsAndLeavesOutPeaksWhereItIsNarrow) {
  const std::string text = view(example_snapshot(), 45);
  EXPECT_THAT(text, Not(HasSubstr("peak")));
  EXPECT_GT(count(line_with(text, "weights.text"), "█"), 4);
  EXPECT_THAT(line_with(text, "weights.text"), HasSubstr("32.0 MiB"));
}

TEST(WatchView, SaysWhatWasGivenUpToFit) {
  LedgerSnapshot snapshot = example_snapshot();
  EXPECT_THAT(view(snapshot), HasSubstr("vision encoder on demand"));
  EXPECT_THAT(view(snapshot), HasSubstr("smaller batches"));
  snapshot.concessions.clear();
  EXPECT_THAT(view(snapshot), Not(HasSubstr("given up")));
}

TEST(WatchView, SaysWhatCameBackAndWhatFellShort) {
  LedgerSnapshot snapshot = example_snapshot();
  const std::string text = line_with(view(snapshot), "came back");
  EXPECT_THAT(text, HasSubstr("0:12"));
  EXPECT_THAT(text, HasSubstr("vision encoder"));
  EXPECT_THAT(text, HasSubstr("5.00 MiB of   8.00 MiB"));
  EXPECT_THAT(text, HasSubstr("2 ms"));
  EXPECT_THAT(text, HasSubstr("short"));
  snapshot.reclaims.front().kept_promise = true;
  EXPECT_THAT(view(snapshot), Not(HasSubstr("short")));
  snapshot.reclaims.clear();
  EXPECT_THAT(view(snapshot), Not(HasSubstr("given back")));
}

TEST(WatchView, ShowsTheLatestReclaimsOnly) {
  LedgerSnapshot snapshot = example_snapshot();
  snapshot.reclaims.clear();
  for (int i = 0; i < 20; ++i) snapshot.reclaims.push_back({.rung = "rung " + std::to_string(i)});
  EXPECT_EQ(count(view(snapshot), "came back"), 6);
  EXPECT_THAT(view(snapshot), HasSubstr("rung 19"));
  EXPECT_THAT(view(snapshot), Not(HasSubstr("rung 13 ")));
}

TEST(WatchView, SaysTheSameWithAndWithoutColours) {
  EXPECT_THAT(view(example_snapshot()), Not(HasSubstr("\033")));
  for (const int width : {20, 50, 120}) {
    const std::string coloured = view(example_snapshot(), width, true);
    EXPECT_THAT(coloured, HasSubstr("\033["));
    EXPECT_EQ(std::regex_replace(coloured, std::regex("\033\\[[0-9]*m"), ""),
              view(example_snapshot(), width));
  }
}

}  // namespace
}  // namespace plimsoll::cli
