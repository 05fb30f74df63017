#include "evaluator/text_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace plimsoll {
namespace {

using namespace std::chrono_literals;

// A clock that stands still until it is told otherwise.
struct Stream : testing::Test {
  std::atomic<long> ms{0};
  TextStream stream{[this] { return TextStream::Clock::time_point(std::chrono::milliseconds(ms.load())); }};
};

TEST(IncompleteTail, IsWhatAUnicodeCharacterStillLacks) {
  EXPECT_EQ(incomplete_tail(""), 0U);
  EXPECT_EQ(incomplete_tail("abc"), 0U);
  EXPECT_EQ(incomplete_tail("a\xC3"), 1U);  // é, one of two
  EXPECT_EQ(incomplete_tail("a\xC3\xA9"), 0U);
  EXPECT_EQ(incomplete_tail("\xE2\x82"), 2U);  // €, two of three
  EXPECT_EQ(incomplete_tail("\xE2\x82\xAC"), 0U);
  EXPECT_EQ(incomplete_tail("x\xF0\x9F\x90"), 3U);  // a dog, three of four
  EXPECT_EQ(incomplete_tail("x\xF0\x9F\x90\xB6"), 0U);
  EXPECT_EQ(incomplete_tail("\x80\x80\x80\x80\x80"), 0U);  // never valid: nothing to wait for
  EXPECT_EQ(incomplete_tail("\xFF"), 0U);
}

TEST_F(Stream, ShowsFourTokensAtOnce) {
  for (const char* token : {"a", "b", "c", "d"}) stream.push(token);
  EXPECT_EQ(stream.wait().text, "abcd");
}

TEST_F(Stream, ShowsFewerAfterAQuarterOfASecond) {
  stream.push("a");
  ms = 249;
  stream.push("b");
  ms = 250;
  EXPECT_EQ(stream.wait().text, "ab");
}

TEST_F(Stream, WaitsForTheRestOfACharacter) {
  for (const char* token : {"a", "b", "c", "\xF0\x9F"}) stream.push(token);
  EXPECT_EQ(stream.wait().text, "abc");
  ms = 1000;
  stream.push("\x90\xB6");
  EXPECT_EQ(stream.wait().text, "\xF0\x9F\x90\xB6");
}

TEST_F(Stream, ClosingShowsWhatIsLeft) {
  stream.push("rest");
  stream.push("\xC3");
  stream.close();
  const TextStream::Update update = stream.wait();
  EXPECT_EQ(update.text, "rest\xC3");
  EXPECT_TRUE(update.closed);
}

TEST_F(Stream, ReportsProgressOnceAndWithoutText) {
  stream.report(Stage::loading, 0.25F, "a quarter");
  stream.report(Stage::loading, 0.5F, "half");
  const TextStream::Update update = stream.wait();
  ASSERT_TRUE(update.progress);
  EXPECT_FLOAT_EQ(update.progress->share, 0.5F);
  EXPECT_EQ(update.progress->what, "half");
  EXPECT_TRUE(update.text.empty());
  EXPECT_FALSE(update.closed);
  stream.close();
  EXPECT_FALSE(stream.wait().progress);
}

TEST_F(Stream, WakesTheOneThatWaits) {
  TextStream::Update update;
  std::thread waiting([&] { update = stream.wait(); });
  stream.close();
  waiting.join();
  EXPECT_TRUE(update.closed);
}

TEST(StreamOnARealClock, LosesNothingBetweenThreads) {
  TextStream stream;
  std::string sent, seen;
  std::thread engine([&] {
    for (int i = 0; i < 5000; ++i) {
      const std::string token = i % 3 == 0 ? "\xC3\xA9" : std::to_string(i);
      sent += token;
      stream.push(token);
    }
    stream.close();
  });
  for (bool open = true; open;) {
    const TextStream::Update update = stream.wait();
    seen += update.text;
    open = !update.closed;
  }
  engine.join();
  EXPECT_EQ(seen, sent);
}

}  // namespace
}  // namespace plimsoll
