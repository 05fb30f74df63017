#include "media/webp_header.h"

#include <gtest/gtest.h>

#include <string>

namespace plimsoll::media {
namespace {

using namespace std::string_literals;

std::optional<WebpHeader> read(const std::string& chunks) {
  const std::string file = "RIFF\0\0\0\0WEBP"s + chunks;
  return read_webp_header(std::as_bytes(std::span(file)));
}

// 640x480, and the upper bits of each side are its scaling.
const std::string kLossy = "VP8 \x0a\0\0\0\x30\x01\0\x9d\x01\x2a\x80\x42\xe0\xc1"s;
const std::string kLossless = "VP8L\x0a\0\0\0\x2f\x7f\xc2\x77\0\0\0\0\0\0"s;    // 640x480
const std::string kExtended = "VP8X\x0a\0\0\0\x10\0\0\0\x7f\x02\0\xdf\x01\0"s;  // 640x480

TEST(WebpHeader, HasTheSizeOfEachKind) {
  for (const std::string& chunks : {kLossy, kLossless, kExtended}) {
    const auto header = read(chunks);
    ASSERT_TRUE(header) << chunks.substr(0, 4);
    EXPECT_EQ(header->width, 640) << chunks.substr(0, 4);
    EXPECT_EQ(header->height, 480) << chunks.substr(0, 4);
  }
}

TEST(WebpHeader, HasTheLargestSizes) {
  EXPECT_EQ(read("VP8 \x0a\0\0\0\x30\x01\0\x9d\x01\x2a\xff\xff\xff\xff"s)->width, 16383);
  EXPECT_EQ(read("VP8L\x0a\0\0\0\x2f\xff\xff\xff\xff\0\0\0\0\0"s)->height, 16384);
  EXPECT_EQ(read("VP8X\x0a\0\0\0\0\0\0\0\xff\xff\xff\xff\xff\xff"s)->width, 1 << 24);
}

TEST(WebpHeader, OnlyLossyWithoutAlphaIsPlain) {
  EXPECT_TRUE(read(kLossy)->plain);
  EXPECT_TRUE(read(kExtended + "ICCP\x03\0\0\0abc\0"s + kLossy)->plain);
  EXPECT_FALSE(read(kLossless)->plain);
  EXPECT_FALSE(read(kExtended + "ALPH\x02\0\0\0ab"s + kLossy)->plain);
  EXPECT_FALSE(read(kExtended + "ANIM\x06\0\0\0abcdef"s)->plain);
}

TEST(WebpHeader, IsNoneWhereTheSizeIsMissing) {
  EXPECT_FALSE(read(""));
  EXPECT_FALSE(read(kLossy.substr(0, kLossy.size() - 1)));
  EXPECT_FALSE(read("EXIF\x0a\0\0\0abcdefghij"s));
  EXPECT_FALSE(read("VP8 \x0a\0\0\0\x30\x01\0\x9d\x01\x2a\0\0\xe0\x01"s));  // no width
}

TEST(WebpHeader, AChunkThatPromisesMoreThanThereIsEndsTheSearch) {
  EXPECT_FALSE(read(kExtended + "ICCP\xff\xff\xff\xff"s + kLossy)->plain);
}

}  // namespace
}  // namespace plimsoll::media
