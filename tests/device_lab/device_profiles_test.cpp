// The devices that the program is for, as real memory cgroups of their size: the first answer out of the box.
#include <plimsoll/size.h>

#include <nlohmann/json.hpp>

#include "tests/device_lab/memory_cgroup.h"
#include "tests/integration/program.h"

namespace plimsoll::test {
namespace {

struct DeviceProfile {
  const char* name;
  std::uint64_t memory_bytes;
  const char* tier;
};

constexpr std::array kProfiles = {
    DeviceProfile{"iPhone_13_mini_4GB", 4 * kGiB, "standard"},
    DeviceProfile{"iPhone_XR_3GB", 3 * kGiB, "low"},
    DeviceProfile{"Raspberry_Pi_4_2GB", 2 * kGiB, "ultra low"},
    DeviceProfile{"Container_1GiB", 1 * kGiB, "ultra low"},
    DeviceProfile{"Container_512MiB", 512 * kMiB, "ultra low"},
    DeviceProfile{"Container_384MiB", 384 * kMiB, "ultra low"},
    DeviceProfile{"Container_256MiB", 256 * kMiB, "ultra low"},
};

class Device : public testing::TestWithParam<DeviceProfile> {};

TEST_P(Device, AnswersAboutAPictureAndIsNotKilled) {
  const DeviceProfile& device = GetParam();
  const auto machine_bytes =
      static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  if (machine_bytes <= device.memory_bytes) GTEST_SKIP() << "this machine is smaller than the device";
  auto group = MemoryCgroup::make(device.memory_bytes);
  if (!group) GTEST_SKIP() << "no right to make a memory cgroup here (root on Linux has it)";

  const Ended ended =
      run_command(group->inside({PLIMSOLL_PROGRAM, "run", "--json", "--temperature", "0", "--image",
                                 kExamples + "dog-car.png", "What is in this image?"}));
  EXPECT_EQ(group->kills(), 0U);
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto o = nlohmann::json::parse(ended.out);
  EXPECT_EQ(o.at("answer"), "A dog and a car.");
  EXPECT_EQ(o.at("device").at("memory_bytes"), device.memory_bytes);
  EXPECT_EQ(o.at("device").at("tier"), device.tier);
}

INSTANTIATE_TEST_SUITE_P(Lab, Device, testing::ValuesIn(kProfiles),
                         [](const auto& device) { return std::string(device.param.name); });

}  // namespace
}  // namespace plimsoll::test
