// Pictures that take more than the device has, in a real memory cgroup: a refusal, and nobody is killed. (The
// limit of the class is a gibibyte and a half, so that it refuses none of them.)
#include <fstream>

#include "tests/device_lab/memory_cgroup.h"
#include "tests/integration/program.h"
#include "tests/integration/progressive_jpeg.h"
#include "tests/temporary_folder.h"

namespace plimsoll::test {
namespace {

constexpr std::uint64_t kLimit = 128ULL * 1024 * 1024;

class LargePicture : public testing::Test {
 protected:
  std::vector<std::string> about(unsigned width, unsigned height) const {
    const std::string file = folder_.path() / "picture.jpg";
    std::ofstream(file, std::ios::binary) << progressive_jpeg(width, height);
    return {PLIMSOLL_PROGRAM, "run", "--temperature", "0", "--image", file, "What is this?"};
  }

 private:
  TemporaryFolder folder_;
};

TEST_F(LargePicture, IsRefusedWhereTheDeviceHasNoRoomForItAndNobodyIsKilled) {
  const auto group = MemoryCgroup::make(kLimit);
  if (!group) GTEST_SKIP() << "no right to make a memory cgroup here (root on Linux has it)";
  const Ended large = run_command(group->inside(about(9000, 9000)));
  EXPECT_EQ(large.exit_code, 4) << large.err;
  const Ended small = run_command(group->inside(about(640, 480)));
  EXPECT_EQ(small.exit_code, 0) << small.err;
  EXPECT_EQ(group->kills(), 0U);
}

TEST_F(LargePicture, IsRefusedWhereAnAssumedDeviceHasNoRoomForIt) {
  std::vector<std::string> command = about(9000, 9000);
  command.insert(command.begin() + 2, {"--device-memory", "256MiB"});
  const Ended large = run_command(command);
  EXPECT_EQ(large.exit_code, 4) << large.err;
}

}  // namespace
}  // namespace plimsoll::test
