#include "report/ledger_snapshot.h"

#include <gtest/gtest.h>

#include "tests/unit/example_snapshot.h"

namespace plimsoll::report {
namespace {

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(LedgerSnapshot, IsWrittenAsOneLine) {
  LedgerSnapshot snapshot = example_snapshot();
  snapshot.model = "two\nlines";
  EXPECT_EQ(snapshot_line(snapshot).find('\n'), std::string::npos);
  EXPECT_EQ(parse_snapshot(snapshot_line(snapshot))->model, "two\nlines");
}

TEST(LedgerSnapshot, IsReadAsItWasWritten) {
  const LedgerSnapshot written = example_snapshot();
  const auto read = parse_snapshot(snapshot_line(written));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(read->pid, written.pid);
  EXPECT_EQ(read->model, written.model);
  EXPECT_EQ(read->uptime, written.uptime);
  EXPECT_EQ(read->pressure, written.pressure);
  ASSERT_TRUE(read->use);
  EXPECT_EQ(read->use->used_bytes, written.use->used_bytes);
  EXPECT_EQ(read->use->capacity_bytes, written.use->capacity_bytes);
  EXPECT_EQ(read->use->source, written.use->source);
  EXPECT_EQ(read->concessions, written.concessions);
}

TEST(LedgerSnapshot, IsReadWithEveryFigureOfTheMemory) {
  const MemoryReport written = example_snapshot().memory;
  const MemoryReport read = parse_snapshot(snapshot_line(example_snapshot()))->memory;
  EXPECT_EQ(read.footprint_bytes, written.footprint_bytes);
  EXPECT_EQ(read.footprint_peak_bytes, written.footprint_peak_bytes);
  EXPECT_EQ(read.unaccounted_bytes, written.unaccounted_bytes);
  EXPECT_EQ(read.ledger.active_bytes, written.ledger.active_bytes);
  EXPECT_EQ(read.ledger.cache_bytes, written.ledger.cache_bytes);
  EXPECT_EQ(read.ledger.peak_bytes, written.ledger.peak_bytes);
  EXPECT_EQ(read.ledger.mapped_bytes, written.ledger.mapped_bytes);
  EXPECT_EQ(read.ledger.memory_limit_bytes, written.ledger.memory_limit_bytes);
  EXPECT_EQ(read.ledger.cache_limit_bytes, written.ledger.cache_limit_bytes);
  EXPECT_EQ(read.ledger.holder_bytes, written.ledger.holder_bytes);
  EXPECT_EQ(read.ledger.holder_peak_bytes, written.ledger.holder_peak_bytes);
}

TEST(LedgerSnapshot, IsReadWithWhatWasGivenBack) {
  const ReclaimEvent written = example_snapshot().reclaims.front();
  const auto read = parse_snapshot(snapshot_line(example_snapshot()))->reclaims;
  ASSERT_EQ(read.size(), 1U);
  EXPECT_EQ(read[0].sequence, written.sequence);
  EXPECT_EQ(read[0].at, written.at);
  EXPECT_EQ(read[0].duration_ms, written.duration_ms);
  EXPECT_EQ(read[0].rung, written.rung);
  EXPECT_EQ(read[0].name, written.name);
  EXPECT_EQ(read[0].claimed_bytes, written.claimed_bytes);
  EXPECT_EQ(read[0].returned_bytes, written.returned_bytes);
  EXPECT_EQ(read[0].kept_promise, written.kept_promise);
}

TEST(LedgerSnapshot, TellsWhatTheLadderRecordedOnItsOwnClock) {
  const auto began = std::chrono::steady_clock::time_point(std::chrono::hours(7));
  const ReclaimEvent event = event_of({.sequence = 9,
                                       .began = began + std::chrono::milliseconds(1500),
                                       .duration_ms = 2.5,
                                       .rung = ReclaimRung::context,
                                       .name = "the context",
                                       .claimed_bytes = 3,
                                       .returned_bytes = 2,
                                       .kept_promise = false},
                                      began);
  EXPECT_EQ(event.sequence, 9U);
  EXPECT_EQ(event.at, std::chrono::milliseconds(1500));
  EXPECT_EQ(event.duration_ms, 2.5);
  EXPECT_EQ(event.rung, "context");
  EXPECT_EQ(event.name, "the context");
  EXPECT_EQ(event.claimed_bytes, 3U);
  EXPECT_EQ(event.returned_bytes, 2U);
  EXPECT_FALSE(event.kept_promise);
}

TEST(LedgerSnapshot, MayHaveNoLimitAndNoMeasuredUse) {
  LedgerSnapshot snapshot = example_snapshot();
  snapshot.memory.ledger.memory_limit_bytes.reset();
  snapshot.use.reset();
  const auto read = parse_snapshot(snapshot_line(snapshot));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_FALSE(read->memory.ledger.memory_limit_bytes);
  EXPECT_FALSE(read->use);
}

TEST(LedgerSnapshot, IsRefusedWhenItIsAnythingElse) {
  const std::string whole = snapshot_line(example_snapshot());
  for (const std::string& line :
       {std::string(), std::string("{}"), std::string("[1]"), whole.substr(0, whole.size() / 2),
        replaced(whole, "\"kv\"", "\"kw\""), replaced(whole, "\"pid\":4711", "\"pid\":\"me\""),
        replaced(whole, "\"warning\"", "\"relaxed\""),
        replaced(whole, "\"reclaims\":[", "\"reclaims\":[7,")}) {
    const auto read = parse_snapshot(line);
    ASSERT_FALSE(read) << line;
    EXPECT_EQ(read.error().code, ErrorCode::io);
  }
}

}  // namespace
}  // namespace plimsoll::report
