#include "media/not_a_video.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace plimsoll::media {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

const std::string kNoise = "\x01\x02\x03\x04\x05\x06\x07\x08\x00\x10\x11\x12"s;

TEST(NotAVideoTest, APictureIsNamedAndSentTheOtherWay) {
  const std::pair<std::string, std::string> pictures[] = {{"\xFF\xD8\xFF\xE0"s + kNoise, "JPEG"},
                                                          {"\x89PNG\r\n\x1A\n"s + kNoise, "PNG"},
                                                          {"RIFF\x10\0\0\0WEBPVP8 "s, "WebP"},
                                                          {"BM\x10\0\0\0\0\0"s, "BMP"},
                                                          {"II*\0"s + kNoise, "TIFF"},
                                                          {"\0\0\0\x18"s + "ftypheic\0\0\0\0"s, "HEIC"},
                                                          {"\0\0\0\x18"s + "ftypavif\0\0\0\0"s, "AVIF"}};
  for (const auto& [head, name] : pictures) {
    const std::string said = describe_no_video(head, "");
    EXPECT_THAT(said, HasSubstr("picture (" + name + ")"));
    EXPECT_THAT(said, HasSubstr("give it as a picture"));
  }
}

TEST(NotAVideoTest, APlaylistIsNamed) {
  for (const std::string head :
       {"#EXTM3U\n#EXT-X-VERSION:3\n", "\xEF\xBB\xBF#EXTM3U\n", "ffconcat version 1.0\n",
        "[playlist]\nFile1=a.mp4\n", "<?xml version=\"1.0\"?>\n<MPD type=\"static\">"}) {
    EXPECT_THAT(describe_no_video(head, "Format not on whitelist"), HasSubstr("playlist")) << head;
  }
}

TEST(NotAVideoTest, TextAndDocumentsAreNamed) {
  EXPECT_THAT(describe_no_video("a few words\n", ""), HasSubstr("text and not a video"));
  EXPECT_THAT(describe_no_video("BM stands for bitmap\n", ""), HasSubstr("text and not a video"));
  EXPECT_THAT(describe_no_video("<!DOCTYPE html><html>", ""), HasSubstr("text and not a video"));
  EXPECT_THAT(describe_no_video("%PDF-1.7\n\xE2\xE3", ""), HasSubstr("PDF"));
}

TEST(NotAVideoTest, SoundIsNamed) {
  for (const std::string& head : {"ID3\x04\0\0"s + kNoise, "fLaC\0\0"s + kNoise, "RIFF\x10\0\0\0WAVEfmt "s,
                                  "\0\0\0\x20"s + "ftypM4A \0\0\0\0"s}) {
    EXPECT_THAT(describe_no_video(head, ""), HasSubstr("only sound"));
  }
}

TEST(NotAVideoTest, ARecordingThatWasNotFinishedSaysSo) {
  const std::string head = "\0\0\0\x20"s + "ftypisom\0\0\2\0isomiso2avc1mp41\0\0\0\x08"s + "free"s;
  EXPECT_THAT(describe_no_video(head, "[mov,mp4 @ 0x55] moov atom not found"), HasSubstr("was not finished"));
  EXPECT_THAT(describe_no_video(head, "something else"), HasSubstr("not a video that can be read"));
}

TEST(NotAVideoTest, WhatNobodyKnowsIsNotAVideo) {
  for (const std::string& head : {""s, "\0"s, kNoise, "\xFF"s}) {
    EXPECT_THAT(describe_no_video(head, "Invalid data found when processing input"),
                HasSubstr("not a video that can be read here"));
  }
}

TEST(NotAVideoTest, TheHeadOfAFileThatIsNotThereIsEmpty) { EXPECT_EQ(head_of("/does/not/exist"), ""); }

}  // namespace
}  // namespace plimsoll::media
