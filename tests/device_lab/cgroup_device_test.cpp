// Real memory cgroups: what the program takes the machine for inside one.
#include <nlohmann/json.hpp>

#include "tests/device_lab/memory_cgroup.h"
#include "tests/integration/program.h"

namespace plimsoll::test {
namespace {

TEST(CgroupDevice, AOneGibibyteContainerIsAOneGibibyteDevice) {
  constexpr std::uint64_t kLimit = 1024ULL * 1024 * 1024;
  auto group = MemoryCgroup::make(kLimit);
  if (!group) GTEST_SKIP() << "no right to make a memory cgroup here (root on Linux has it)";
  const std::string command =
      "echo $$ > " + group->processes() + " && exec " + PLIMSOLL_PROGRAM + " device --json";
  const Ended ended = run_program({"-c", command}, "", {}, "/bin/sh");
  ASSERT_EQ(ended.exit_code, 0) << ended.err;
  const auto o = nlohmann::json::parse(ended.out);
  EXPECT_EQ(o.at("device").at("memory_bytes"), kLimit);
  EXPECT_EQ(o.at("device").at("tier"), "ultra low");
  EXPECT_EQ(o.at("machine").at("effective_source").get<std::string>().rfind(group->folder().string(), 0), 0U);
  EXPECT_GT(o.at("machine").at("physical_bytes"), kLimit);
}

}  // namespace
}  // namespace plimsoll::test
