// Real kernels: that they take what our sources ask for, and speak up when memory really gets short.
#include <gtest/gtest.h>
#include <plimsoll/size.h>
#include <poll.h>

#include <cstdlib>
#include <string>

#include "pressure/linux_sources.h"
#include "tests/device_lab/memory_cgroup.h"

namespace plimsoll::pressure {
namespace {

constexpr int kPatienceMs = 20000;
constexpr std::uint64_t kLimit = 32 * kMiB;

void run_inside(const test::MemoryCgroup& group, const std::string& command) {
  const std::string all = "sh -c 'echo $$ > " + group.processes() + " && " + command + "'";
  [[maybe_unused]] const int status = std::system(all.c_str());
}

// A process in the cgroup that has `bytes` in memory for a moment; the kernel may kill it.
void use_memory(const test::MemoryCgroup& group, std::uint64_t bytes) {
  // The last line of a stream that has only one is all of it.
  run_inside(group, "head -c " + std::to_string(bytes) + " /dev/zero | tail -n 1 > /dev/null");
}

// What the source says within our patience; none when it stays silent.
SourceSignal wait_for(PressureSource& source) {
  pollfd entry{source.descriptor(), source.events(), 0};
  return ::poll(&entry, 1, kPatienceMs) == 1 ? source.on_ready(entry.revents) : SourceSignal::none;
}

TEST(KernelEvents, PsiTakesOurTrigger) {
  const device::KernelFiles files("/");
  if (!files.read("/proc/pressure/memory")) GTEST_SKIP() << "this kernel has no pressure stall information";
  const auto source = open_psi_source(files, "/proc/pressure/memory", kPsiTrigger);
  ASSERT_NE(source, nullptr);
  pollfd entry{source->descriptor(), source->events(), 0};
  ::poll(&entry, 1, 0);
  EXPECT_EQ(entry.revents & ~POLLPRI, 0);
}

TEST(KernelEvents, PsiRefusesAMalformedTrigger) {
  const device::KernelFiles files("/");
  if (!files.read("/proc/pressure/memory")) GTEST_SKIP() << "this kernel has no pressure stall information";
  EXPECT_EQ(open_psi_source(files, "/proc/pressure/memory", "some"), nullptr);
}

class KernelEventsV1 : public testing::Test {
 protected:
  void SetUp() override {
    if (!group_ || !std::filesystem::exists(group_->folder() / "memory.pressure_level")) {
      GTEST_SKIP() << "no right to make a memory cgroup of version 1 here (root on Linux may have it)";
    }
  }

  const device::KernelFiles files_{"/"};
  const std::optional<test::MemoryCgroup> group_ = test::MemoryCgroup::make(kLimit);
};

TEST_F(KernelEventsV1, AskForACheckWhenUsePassesALine) {
  const auto source = open_usage_source(files_, group_->folder(), kLimit);
  ASSERT_NE(source, nullptr);
  use_memory(*group_, kLimit * 4 / 5);
  EXPECT_EQ(wait_for(*source), SourceSignal::check);
}

TEST_F(KernelEventsV1, WarnWhenTheCgroupIsOutOfMemory) {
  const auto source = open_oom_source(files_, group_->folder());
  ASSERT_NE(source, nullptr);
  use_memory(*group_, kLimit * 2);
  EXPECT_EQ(wait_for(*source), SourceSignal::warning);
}

TEST_F(KernelEventsV1, AskForACheckAndDoNotWarnWhenPageCacheFillsTheCgroup) {
  const auto level = open_pressure_level_source(files_, group_->folder());
  const auto oom = open_oom_source(files_, group_->folder());
  ASSERT_NE(level, nullptr);
  ASSERT_NE(oom, nullptr);
  // Not in the temporary folder: the files of a tmpfs are no page cache.
  const auto file = std::filesystem::current_path() / ("plimsoll-test-" + std::to_string(getpid()));
  run_inside(*group_, "head -c " + std::to_string(kLimit * 4) + " /dev/zero > " + file.string());
  std::filesystem::remove(file);
  EXPECT_EQ(wait_for(*level), SourceSignal::check);
  pollfd entry{oom->descriptor(), oom->events(), 0};
  EXPECT_EQ(::poll(&entry, 1, 0), 0);
}

}  // namespace
}  // namespace plimsoll::pressure
