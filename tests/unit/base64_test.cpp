#include "base/base64.h"

#include <gtest/gtest.h>

namespace plimsoll {
namespace {

TEST(Base64, DecodesTheVectorsOfItsStandard) {
  // RFC 4648, section 10.
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYg=="), "foob");
  EXPECT_EQ(decode_base64("Zm9vYmE="), "fooba");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
}

TEST(Base64, KeepsBytesThatAreNoText) {
  EXPECT_EQ(decode_base64("AP+A"), std::string("\x00\xFF\x80", 3));
  EXPECT_EQ(decode_base64("+/+/"), "\xFB\xFF\xBF");
}

TEST(Base64, DecodesATriggerAsSystemdWritesIt) {
  EXPECT_EQ(decode_base64("c29tZSAyMDAwMDAgMjAwMDAwMAA="), std::string("some 200000 2000000\0", 20));
}

TEST(Base64, RefusesWhatIsMalformed) {
  for (const char* text : {"Z",    "Zg",   "Zg=",      "Zm9",  "Zm9vY", "====",   "=",
                           "==",   "Z===", "Zg==Zg==", "Z=g=", "=Zg=",  "Zm9v\n", "Zm9v ",
                           " Zm9", "Zm9-", "Zm9_",     "Zm9*", "Zh==",  "Zm9=",   "Z\xC3\xA4g"}) {
    EXPECT_FALSE(decode_base64(text).has_value()) << text;
  }
}

TEST(Base64, RefusesAByteOfZeroInTheText) {
  EXPECT_FALSE(decode_base64(std::string_view("Zm\0v", 4)).has_value());
}

}  // namespace
}  // namespace plimsoll
