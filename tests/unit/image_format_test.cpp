#include "media/image_format.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace plimsoll::media {
namespace {

using namespace std::string_literals;

std::optional<ImageFormat> sniff(std::string_view head) {
  return sniff_image_format(std::as_bytes(std::span(head)));
}

TEST(ImageFormat, KnowsTheFiveByTheirFirstBytes) {
  EXPECT_EQ(sniff("\xFF\xD8\xFF\xE0\0\x10JFIF\0\1"s), ImageFormat::jpeg);
  EXPECT_EQ(sniff("\x89PNG\r\n\x1A\n\0\0\0\x0D"s), ImageFormat::png);
  EXPECT_EQ(sniff("RIFF\x10\0\0\0WEBP"s), ImageFormat::webp);
  EXPECT_EQ(sniff("GIF87a......"s), ImageFormat::gif);
  EXPECT_EQ(sniff("GIF89a......"s), ImageFormat::gif);
  EXPECT_EQ(sniff("II*\0\x08\0\0\0"s), ImageFormat::tiff);
  EXPECT_EQ(sniff("MM\0*\0\0\0\x08"s), ImageFormat::tiff);
  EXPECT_EQ(sniff("II+\0\x08\0\0\0"s), ImageFormat::tiff);
  EXPECT_EQ(sniff("MM\0+\0\x08\0\0"s), ImageFormat::tiff);
}

TEST(ImageFormat, RefusesWhatOnlyLooksAlike) {
  EXPECT_EQ(sniff("RIFF\x10\0\0\0WAVE"s), std::nullopt);
  EXPECT_EQ(sniff("GIF88a......"s), std::nullopt);
  EXPECT_EQ(sniff("II*\1\x08\0\0\0"s), std::nullopt);
  EXPECT_EQ(sniff("\x89PNG\n\n\x1A\n\0\0\0\x0D"s), std::nullopt);
  EXPECT_EQ(sniff(" \xFF\xD8\xFF"s), std::nullopt);
}

TEST(ImageFormat, RefusesWhatOtherLoadersWouldTake) {
  EXPECT_EQ(sniff("<svg xmlns='"s), std::nullopt);
  EXPECT_EQ(sniff("%PDF-1.7\n..."s), std::nullopt);
  EXPECT_EQ(sniff("BM\x36\0\0\0\0\0\0\0\x36\0"s), std::nullopt);
  EXPECT_EQ(sniff("P6 2 2 255\n."s), std::nullopt);
  EXPECT_EQ(sniff("\0\0\0\x1C"
                  "ftypheic"s),
            std::nullopt);
  EXPECT_EQ(sniff("push graphic"s), std::nullopt);
  EXPECT_EQ(sniff("Dear reader,"s), std::nullopt);
}

TEST(ImageFormat, NeedsTheWholeSignature) {
  for (const std::string& whole :
       {"\xFF\xD8\xFF"s, "\x89PNG\r\n\x1A\n"s, "RIFF....WEBP"s, "GIF89a"s, "II*\0"s}) {
    EXPECT_NE(sniff(whole), std::nullopt);
    EXPECT_LE(whole.size(), kImageFormatHeadBytes);
    for (std::size_t length = 0; length < whole.size(); ++length) {
      EXPECT_EQ(sniff(std::string_view(whole).substr(0, length)), std::nullopt) << length;
    }
  }
}

}  // namespace
}  // namespace plimsoll::media
