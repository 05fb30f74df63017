#include <gtest/gtest.h>
#include <plimsoll/device.h>

#include <cstdint>
#include <limits>

namespace plimsoll {
namespace {

struct SizeText {
  std::string_view text;
  std::uint64_t bytes;
};

TEST(ParseSize, TakesPlainBytes) {
  for (const auto& [text, bytes] :
       {SizeText{"0", 0}, SizeText{"1", 1}, SizeText{"1048576", kMiB}, SizeText{"17B", 17},
        SizeText{"17 b", 17}, SizeText{"007", 7}, SizeText{"9007199254740993", 9007199254740993}}) {
    EXPECT_EQ(parse_size(text), bytes) << text;
  }
}

TEST(ParseSize, TakesBinaryUnitsInAnySpelling) {
  for (const auto& [text, bytes] :
       {SizeText{"2k", 2 * kKiB}, SizeText{"2KB", 2 * kKiB}, SizeText{"2KiB", 2 * kKiB},
        SizeText{"512m", 512 * kMiB}, SizeText{"512Mi", 512 * kMiB}, SizeText{"2500MB", 2500 * kMiB},
        SizeText{"384 MiB", 384 * kMiB}, SizeText{"4G", 4 * kGiB}, SizeText{"4gb", 4 * kGiB},
        SizeText{"4GIB", 4 * kGiB}, SizeText{"1T", 1024 * kGiB}, SizeText{"1TiB", 1024 * kGiB}}) {
    EXPECT_EQ(parse_size(text), bytes) << text;
  }
}

TEST(ParseSize, TakesFractionsOfAUnitRoundedDownToBytes) {
  for (const auto& [text, bytes] :
       {SizeText{"2.5GiB", 2560 * kMiB}, SizeText{"0.5k", 512}, SizeText{"1.25 MB", 1280 * kKiB},
        SizeText{"0.1G", 107374182}, SizeText{"0.0m", 0}, SizeText{"2.50 GiB", 2560 * kMiB},
        SizeText{"0.00001k", 0}, SizeText{"1.9999999999999999999999999999k", 2 * kKiB}}) {
    EXPECT_EQ(parse_size(text), bytes) << text;
  }
}

TEST(ParseSize, RefusesWhatIsNotASize) {
  for (const std::string_view text :
       {"",     " ",    "MB",   "-1",  "-1MB",  "+1MB",  " 1MB",    "1MB ", "1 ",   "1 M B",
        "1.MB", ".5MB", "1.5",  "1.0", "1.5B",  "1,5MB", "1.2.3MB", "1e3",  "0x10", "1MBB",
        "1bm",  "1P",   "1EiB", "max", "1MB\n", "1\tMB", "nan",     "inf"}) {
    const auto result = parse_size(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << text;
    EXPECT_FALSE(result.error().message.empty());
  }
}

TEST(ParseSize, TakesUpTo2To62AndNotAByteMore) {
  constexpr std::uint64_t kLargest = std::uint64_t{1} << 62;
  EXPECT_EQ(parse_size("4611686018427387903"), kLargest - 1);
  EXPECT_EQ(parse_size("4611686018427387904"), kLargest);
  EXPECT_EQ(parse_size("4194304T"), kLargest);
  for (const std::string_view text :
       {"4611686018427387905", "4194304.0001T", "4194305T", "4294967297G", "18446744073709551615",
        "18446744073709551616", "18446744073709551615T", "99999999999999999999999999G"}) {
    const auto result = parse_size(text);
    ASSERT_FALSE(result.has_value()) << text;
    EXPECT_EQ(result.error().code, ErrorCode::invalid_argument) << text;
  }
}

struct FormattedSize {
  std::uint64_t bytes;
  std::string_view text;
};

TEST(FormatSize, HasThreeSignificantDigitsAtMost) {
  for (const auto& [bytes, text] : {FormattedSize{0, "0 B"},
                                    {17, "17 B"},
                                    {999, "999 B"},
                                    {1000, "0.98 KiB"},
                                    {1023, "1.00 KiB"},
                                    {kKiB, "1.00 KiB"},
                                    {1536, "1.50 KiB"},
                                    {10 * kKiB - 6, "9.99 KiB"},
                                    {10 * kKiB - 5, "10.0 KiB"},
                                    {12 * kMiB + 300 * kKiB, "12.3 MiB"},
                                    {100 * kMiB - 1, "100 MiB"},
                                    {384 * kMiB, "384 MiB"},
                                    {999 * kMiB, "999 MiB"},
                                    {999 * kMiB + 512 * kKiB - 1, "999 MiB"},
                                    {999 * kMiB + 512 * kKiB, "0.98 GiB"},
                                    {1000 * kMiB, "0.98 GiB"},
                                    {kGiB - 1, "1.00 GiB"},
                                    {kGiB, "1.00 GiB"},
                                    {2560 * kMiB, "2.50 GiB"},
                                    {64 * kGiB, "64.0 GiB"},
                                    {2048 * kGiB, "2.00 TiB"},
                                    {std::numeric_limits<std::uint64_t>::max(), "16.0 EiB"}}) {
    EXPECT_EQ(format_size(bytes), text) << bytes;
  }
}

TEST(FormatSize, IsReadBackByParseSize) {
  for (const std::uint64_t bytes : {std::uint64_t{0}, std::uint64_t{17}, 384 * kMiB, 2560 * kMiB}) {
    EXPECT_EQ(parse_size(format_size(bytes)), bytes);
  }
}

}  // namespace
}  // namespace plimsoll
