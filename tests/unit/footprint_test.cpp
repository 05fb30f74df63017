#include <gtest/gtest.h>
#include <plimsoll/device.h>

#include "tests/kernel_tree.h"

namespace plimsoll {
namespace {

Expected<ProcessFootprint> footprint_of(const std::string& status) {
  const KernelTree tree{{"proc/self/status", status}};
  return read_process_footprint(tree.root());
}

TEST(ProcessFootprint, ReadsResidentAnonymousAndPeak) {
  const auto footprint = footprint_of(
      "Name:\tplimsoll\nVmPeak:\t 9000 kB\nVmHWM:\t    4096 kB\nVmRSS:\t    3072 kB\n"
      "RssAnon:\t    1024 kB\nRssFile:\t 2048 kB\nThreads:\t4\n");
  ASSERT_TRUE(footprint.has_value());
  EXPECT_EQ(footprint->resident_bytes, 3 * kMiB);
  EXPECT_EQ(footprint->anonymous_bytes, 1 * kMiB);
  EXPECT_EQ(footprint->peak_bytes, 4 * kMiB);
}

TEST(ProcessFootprint, TakesCarriageReturnsAndNoLastLineEnd) {
  const auto footprint = footprint_of("VmHWM:\t8 kB\r\nRssAnon:\t2 kB\r\nVmRSS:\t4 kB");
  ASSERT_TRUE(footprint.has_value());
  EXPECT_EQ(footprint->resident_bytes, 4 * kKiB);
  EXPECT_EQ(footprint->anonymous_bytes, 2 * kKiB);
  EXPECT_EQ(footprint->peak_bytes, 8 * kKiB);
}

TEST(ProcessFootprint, AssumesTheWorstOnKernelsThatSayLess) {
  const auto footprint = footprint_of("VmRSS:\t4 kB\n");
  ASSERT_TRUE(footprint.has_value());
  EXPECT_EQ(footprint->anonymous_bytes, 4 * kKiB);
  EXPECT_EQ(footprint->peak_bytes, 4 * kKiB);
}

TEST(ProcessFootprint, HasAPeakThatIsNeverBelowWhatIsResident) {
  const auto footprint = footprint_of("VmHWM:\t1 kB\nVmRSS:\t4 kB\n");
  ASSERT_TRUE(footprint.has_value());
  EXPECT_EQ(footprint->peak_bytes, 4 * kKiB);
}

TEST(ProcessFootprint, FailsWithIoWhereTheFileIsMissing) {
  const KernelTree tree{};
  const auto footprint = read_process_footprint(tree.root());
  ASSERT_FALSE(footprint.has_value());
  EXPECT_EQ(footprint.error().code, ErrorCode::io);
}

TEST(ProcessFootprint, FailsWithIoWhereWhatIsResidentIsMalformed) {
  for (const char* status : {"", "\n", "Name:\tzombie\n", "VmRSS:\n", "VmRSS:\t kB\n", "VmRSS:\t4\n",
                             "VmRSS:\t4 MB\n", "VmRSS:\t-4 kB\n", "VmRSS:\tmax kB\n",
                             "VmRSS:\t18446744073709551616 kB\n", "VmRSS:\t18014398509481984 kB\n"}) {
    const auto footprint = footprint_of(status);
    ASSERT_FALSE(footprint.has_value()) << status;
    EXPECT_EQ(footprint.error().code, ErrorCode::io);
  }
}

TEST(ProcessFootprint, OfThisProcessIsPlausible) {
  const auto footprint = read_process_footprint();
  ASSERT_TRUE(footprint.has_value());
  EXPECT_GT(footprint->resident_bytes, 100 * kKiB);
  EXPECT_LE(footprint->anonymous_bytes, footprint->resident_bytes);
  EXPECT_GE(footprint->peak_bytes, footprint->resident_bytes);
}

}  // namespace
}  // namespace plimsoll
