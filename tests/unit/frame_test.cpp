#include "server/frame.h"

#include <gtest/gtest.h>

namespace plimsoll::server {
namespace {

Frame question() {
  return {{{"type", "generate"}, {"prompt", "What is this?"}}, {"first picture", "", std::string(3, '\0')}};
}

void expect_question(const Frame& frame) {
  EXPECT_EQ(frame.head, question().head);
  EXPECT_EQ(frame.blobs, question().blobs);
}

TEST(Frame, ArrivesAsItWasSent) {
  FrameDecoder decoder;
  ASSERT_TRUE(decoder.feed(*encode_frame(question())));
  ASSERT_TRUE(decoder.has_frame());
  expect_question(decoder.pop());
  EXPECT_FALSE(decoder.has_frame());
}

TEST(Frame, ArrivesHoweverItIsCut) {
  const std::string whole = *encode_frame(question());
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    FrameDecoder decoder;
    for (std::size_t at = 0; at < whole.size(); at += size) {
      EXPECT_FALSE(decoder.has_frame());
      ASSERT_TRUE(decoder.feed(std::string_view(whole).substr(at, size)));
    }
    ASSERT_TRUE(decoder.has_frame()) << "in pieces of " << size;
    expect_question(decoder.pop());
  }
}

TEST(Frame, SeveralInOnePieceKeepTheirOrder) {
  std::string bytes;
  for (int i = 0; i < 3; ++i) bytes += *encode_frame({{{"type", "text"}, {"id", i}}});
  bytes.resize(bytes.size() - 1);  // the last one is still on its way
  FrameDecoder decoder;
  ASSERT_TRUE(decoder.feed(bytes));
  EXPECT_EQ(decoder.pop().head["id"], 0);
  EXPECT_EQ(decoder.pop().head["id"], 1);
  EXPECT_FALSE(decoder.has_frame());
  ASSERT_TRUE(decoder.feed("}"));
  EXPECT_EQ(decoder.pop().head["id"], 2);
}

TEST(Frame, BytesThatAreNoTextAreReplaced) {
  FrameDecoder decoder;
  ASSERT_TRUE(decoder.feed(*encode_frame({{{"type", "text"}, {"text", "a\xFFz"}}})));
  EXPECT_EQ(decoder.pop().head["text"], "a\xEF\xBF\xBDz");
}

TEST(Frame, OneBeyondTheLimitsIsNotSent) {
  const FrameLimits limits{.head_bytes = 100, .blobs = 1, .blob_bytes = 10};
  EXPECT_TRUE(encode_frame({{{"type", "a"}}, {"0123456789"}}, limits));
  for (const Frame& frame : {Frame{{{"type", std::string(100, 'a')}}}, Frame{{{"type", "a"}}, {"", ""}},
                             Frame{{{"type", "a"}}, {"01234567890"}}}) {
    const auto encoded = encode_frame(frame, limits);
    ASSERT_FALSE(encoded);
    EXPECT_EQ(encoded.error().code, ErrorCode::invalid_argument);
  }
}

class BrokenFrame : public testing::TestWithParam<std::string> {};

TEST_P(BrokenFrame, FailsAndLosesTheStream) {
  FrameDecoder decoder({.head_bytes = 64, .blobs = 2, .blob_bytes = 16});
  const auto fed = decoder.feed(GetParam());
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, ErrorCode::io);
  EXPECT_FALSE(decoder.has_frame());
  EXPECT_FALSE(decoder.feed(*encode_frame({{{"type", "text"}}})));
}

std::string with_lengths(unsigned char head, unsigned char blobs, const std::string& rest) {
  std::string bytes(8, '\0');
  bytes[0] = static_cast<char>(head);
  bytes[4] = static_cast<char>(blobs);
  return bytes + rest;
}

INSTANTIATE_TEST_SUITE_P(All, BrokenFrame,
                         testing::Values(std::string(8, '\xFF'),                // four gigabytes of text
                                         with_lengths(65, 0, ""),               // a byte too long
                                         with_lengths(12, 3, ""),               // a blob too many
                                         with_lengths(0, 0, ""),                // nothing at all
                                         with_lengths(4, 0, "null"),            // no object
                                         with_lengths(2, 0, "{}"),              // of no type
                                         with_lengths(10, 0, R"({"type":1})"),  // of what type?
                                         with_lengths(5, 0, "{\"typ"),          // cut short
                                         with_lengths(12, 1,
                                                      R"({"type":"a"})" +  // a blob too long
                                                          std::string("\x11\0\0\0", 4))));

TEST(Frame, ALengthTakesNoMemory) {
  FrameDecoder decoder;
  std::string announced(8, '\0');
  announced[3] = 4;  // 64 MiB of text
  EXPECT_TRUE(decoder.feed(announced));
  EXPECT_FALSE(decoder.has_frame());
}

}  // namespace
}  // namespace plimsoll::server
