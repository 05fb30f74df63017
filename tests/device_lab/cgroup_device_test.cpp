// Real memory cgroups: what the program takes the machine for inside one.
#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "tests/integration/program.h"

namespace plimsoll::test {
namespace {

namespace fs = std::filesystem;

// A memory cgroup with a limit, gone when this is. Version 1 or 2, whichever this machine lets us make.
class MemoryCgroup {
 public:
  static std::optional<MemoryCgroup> make(std::uint64_t limit_bytes) {
    struct Kind {
      const char* root;
      const char* limit_file;
    };
    for (const Kind& kind :
         {Kind{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, Kind{"/sys/fs/cgroup", "memory.max"}}) {
      const fs::path folder = fs::path(kind.root) / ("plimsoll-test-" + std::to_string(getpid()));
      std::error_code error;
      if (!fs::create_directory(folder, error)) continue;
      MemoryCgroup group(folder);
      std::ofstream file(folder / kind.limit_file);
      if (file << limit_bytes << std::flush) return group;
    }
    return std::nullopt;
  }
  MemoryCgroup(MemoryCgroup&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  MemoryCgroup& operator=(MemoryCgroup&&) = delete;
  ~MemoryCgroup() {
    if (!folder_.empty()) rmdir(folder_.c_str());
  }
  std::string processes() const { return (folder_ / "cgroup.procs").string(); }
  const fs::path& folder() const { return folder_; }

 private:
  explicit MemoryCgroup(fs::path folder) : folder_(std::move(folder)) {}
  fs::path folder_;
};

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
