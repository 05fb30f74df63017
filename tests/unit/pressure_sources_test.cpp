// The sources of Linux on declared trees. Plain files are never ready, so the tests say what poll(2) would.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

#include "base/file_descriptor.h"
#include "pressure/linux_sources.h"
#include "tests/kernel_tree.h"

namespace plimsoll::pressure {
namespace {

constexpr const char* kTriggerInBase64 = "c29tZSAyMDAwMDAgMjAwMDAwMAA=";

std::string content_of(const std::filesystem::path& path) {
  return device::KernelFiles("/").read(path).value_or("(missing)");
}

// What poll(2) says of the source's descriptor without waiting.
short polled(const PressureSource& source) {
  pollfd entry{source.descriptor(), source.events(), 0};
  ::poll(&entry, 1, 0);
  return entry.revents;
}

device::KernelFiles files_of(const KernelTree& tree) { return device::KernelFiles(tree.root()); }

// --- pressure stall information

TEST(PsiSource, WritesItsTriggerWithTheByteThatEndsIt) {
  const KernelTree tree{{"proc/pressure/memory", ""}};
  const auto source = open_psi_source(files_of(tree), "/proc/pressure/memory", kPsiTrigger);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(content_of(tree.root() / "proc/pressure/memory"), std::string("some 200000 2000000\0", 20));
  EXPECT_EQ(source->name(), "/proc/pressure/memory");
  EXPECT_EQ(source->events(), POLLPRI);
  EXPECT_GE(source->descriptor(), 0);
}

TEST(PsiSource, WarnsWhenTheTriggerSpeaksUp) {
  const KernelTree tree{{"psi", ""}};
  const auto source = open_psi_source(files_of(tree), "/psi", kPsiTrigger);
  EXPECT_EQ(source->on_ready(POLLPRI), SourceSignal::warning);
  EXPECT_EQ(source->on_ready(POLLPRI), SourceSignal::warning);
}

TEST(PsiSource, IsGoneWithItsCgroup) {
  const KernelTree tree{{"psi", ""}};
  const auto source = open_psi_source(files_of(tree), "/psi", kPsiTrigger);
  EXPECT_EQ(source->on_ready(POLLPRI | POLLERR), SourceSignal::gone);
  EXPECT_EQ(source->on_ready(POLLNVAL), SourceSignal::gone);
}

TEST(PsiSource, IsAbsentWhereTheFileIsMissing) {
  const KernelTree tree{};
  EXPECT_EQ(open_psi_source(files_of(tree), "/proc/pressure/memory", kPsiTrigger), nullptr);
}

TEST(PsiSource, IsAbsentWhereTheKernelRefusesTheTrigger) {
  const KernelTree tree{};
  std::filesystem::create_symlink("/dev/full", tree.root() / "psi");  // opens, and refuses every write
  EXPECT_EQ(open_psi_source(files_of(tree), "/psi", kPsiTrigger), nullptr);
  EXPECT_NE(open_psi_source(files_of(tree), "/psi", ""), nullptr);
}

// --- memory.events of cgroup version 2

constexpr const char* kQuiet = "low 0\nhigh 3\nmax 5\noom 1\noom_kill 1\noom_group_kill 0\n";

class CgroupEvents : public testing::Test {
 protected:
  SourceSignal signal_after(const std::string& content) {
    tree_.write("box/memory.events", content);
    return source_->on_ready(POLLPRI | POLLERR);  // so the kernel tells of a changed file
  }

  KernelTree tree_{{"box/memory.events", kQuiet}};
  std::unique_ptr<PressureSource> source_ = open_cgroup_events_source(files_of(tree_), "/box");
};

TEST_F(CgroupEvents, DoNotWarnOfWhatHappenedBefore) { EXPECT_EQ(signal_after(kQuiet), SourceSignal::none); }

TEST_F(CgroupEvents, WarnWhenTheCgroupRanOutOfMemory) {
  EXPECT_EQ(signal_after("low 0\nhigh 3\nmax 6\noom 2\noom_kill 1\n"), SourceSignal::warning);
  EXPECT_EQ(signal_after("low 0\nhigh 3\nmax 6\noom 2\noom_kill 1\n"), SourceSignal::none);
}

TEST_F(CgroupEvents, AskForACheckAtHighAndAtMax) {
  EXPECT_EQ(signal_after("low 0\nhigh 4\nmax 5\noom 1\n"), SourceSignal::check);
  EXPECT_EQ(signal_after("low 0\nhigh 4\nmax 6\noom 1\n"), SourceSignal::check);
}

TEST_F(CgroupEvents, DoNotMindTheOtherCounters) {
  EXPECT_EQ(signal_after("low 9\nhigh 3\nmax 5\noom 1\noom_kill 9\noom_group_kill 9\n"), SourceSignal::none);
}

TEST_F(CgroupEvents, ReadWhatIsMalformedAsNothingHappened) {
  for (const char* content :
       {"", "\n", "oom\n", "oom \n", "oom -1\n", "oom max\n", "oom 99999999999999999999\n", "oom\t7\n",
        "xoom 7\n", "oom 7 7\n", "oom7\n", "oom_kill 7\n"}) {
    EXPECT_EQ(signal_after(content), SourceSignal::none) << content;
  }
}

TEST_F(CgroupEvents, AreGoneWhereTheKernelSaysNothingButAnError) {
  EXPECT_EQ(source_->on_ready(POLLERR), SourceSignal::gone);
  EXPECT_EQ(source_->on_ready(POLLNVAL), SourceSignal::gone);
}

TEST_F(CgroupEvents, AreAbsentInTheRootCgroup) {
  EXPECT_EQ(open_cgroup_events_source(files_of(tree_), "/"), nullptr);
}

TEST_F(CgroupEvents, AreReadWithoutThoseOfTheCgroupsBelowWhereTheKernelTellsThem) {
  EXPECT_EQ(source_->name(), "/box/memory.events");
  tree_.write("box/memory.events.local", kQuiet);
  const auto local = open_cgroup_events_source(files_of(tree_), "/box");
  ASSERT_NE(local, nullptr);
  EXPECT_EQ(local->name(), "/box/memory.events.local");
}

// --- eventfds of cgroup version 1

class CgroupV1Sources : public testing::Test {
 protected:
  // Of "EVENTFD FILE ARGUMENTS" the last; the numbers are the kernel's to give.
  std::string arguments() const {
    int event = 0;
    int file = 0;
    std::string rest;
    std::istringstream(content_of(tree_.root() / "box/cgroup.event_control")) >> event >> file >> rest;
    return rest;
  }
  int requested_event() const { return std::stoi(content_of(tree_.root() / "box/cgroup.event_control")); }

  KernelTree tree_{{"box/cgroup.event_control", ""},
                   {"box/memory.pressure_level", ""},
                   {"box/memory.usage_in_bytes", "5\n"},
                   {"box/memory.oom_control", ""}};
};

TEST_F(CgroupV1Sources, AskForTheCriticalLevelOfThisCgroupAlone) {
  const auto source = open_pressure_level_source(files_of(tree_), "/box");
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(arguments(), "critical,local");
  EXPECT_EQ(requested_event(), source->descriptor());
  EXPECT_EQ(source->name(), "/box/memory.pressure_level");
}

TEST_F(CgroupV1Sources, AskForTheEventOfBeingOutOfMemory) {
  const auto source = open_oom_source(files_of(tree_), "/box");
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(arguments(), "");
  EXPECT_EQ(requested_event(), source->descriptor());
  EXPECT_EQ(source->name(), "/box/memory.oom_control");
}

TEST_F(CgroupV1Sources, WarnOnceForAllTimesThatTheCgroupWasOutOfMemory) {
  const auto source = open_oom_source(files_of(tree_), "/box");
  EXPECT_EQ(polled(*source), 0);
  const std::uint64_t times = 3;
  ASSERT_EQ(::write(source->descriptor(), &times, sizeof(times)), ssize_t{sizeof(times)});
  EXPECT_EQ(polled(*source), POLLIN);
  EXPECT_EQ(source->on_ready(POLLIN), SourceSignal::warning);
  EXPECT_EQ(polled(*source), 0);
  EXPECT_EQ(source->on_ready(POLLIN), SourceSignal::none);
}

TEST_F(CgroupV1Sources, AskForACheckAtTheCriticalLevel) {
  const auto source = open_pressure_level_source(files_of(tree_), "/box");
  const std::uint64_t times = 1;
  ASSERT_EQ(::write(source->descriptor(), &times, sizeof(times)), ssize_t{sizeof(times)});
  EXPECT_EQ(source->on_ready(POLLIN), SourceSignal::check);
}

TEST_F(CgroupV1Sources, AskForTheLinesOfTheSpecificationInBytes) {
  // The tree keeps the last of the two requests; each is a write of its own.
  const auto source = open_usage_source(files_of(tree_), "/box", 1000);
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(arguments(), "850");
  const std::uint64_t times = 1;
  ASSERT_EQ(::write(source->descriptor(), &times, sizeof(times)), ssize_t{sizeof(times)});
  EXPECT_EQ(source->on_ready(POLLIN), SourceSignal::check);
}

TEST_F(CgroupV1Sources, AreGoneWithTheirEvent) {
  const auto source = open_pressure_level_source(files_of(tree_), "/box");
  EXPECT_EQ(source->on_ready(POLLIN | POLLERR), SourceSignal::gone);
  EXPECT_EQ(source->on_ready(POLLNVAL), SourceSignal::gone);
}

TEST_F(CgroupV1Sources, AreAbsentWhereOneOfTheTwoFilesIsMissing) {
  const KernelTree no_control{
      {"box/memory.oom_control", ""}, {"box/memory.pressure_level", ""}, {"box/memory.usage_in_bytes", ""}};
  const KernelTree no_figures{{"box/cgroup.event_control", ""}};
  for (const KernelTree* tree : {&no_control, &no_figures}) {
    EXPECT_EQ(open_oom_source(files_of(*tree), "/box"), nullptr);
    EXPECT_EQ(open_pressure_level_source(files_of(*tree), "/box"), nullptr);
    EXPECT_EQ(open_usage_source(files_of(*tree), "/box", 1000), nullptr);
  }
}

TEST_F(CgroupV1Sources, AreAbsentWhereTheKernelRefusesTheEvent) {
  std::filesystem::remove(tree_.root() / "box/cgroup.event_control");
  std::filesystem::create_symlink("/dev/full", tree_.root() / "box/cgroup.event_control");
  EXPECT_EQ(open_oom_source(files_of(tree_), "/box"), nullptr);
  EXPECT_EQ(open_pressure_level_source(files_of(tree_), "/box"), nullptr);
  EXPECT_EQ(open_usage_source(files_of(tree_), "/box", 1000), nullptr);
}

// --- systemd

class SystemdSource : public testing::Test {
 protected:
  std::string path() const { return (tree_.root() / "watched").string(); }

  KernelTree tree_{};
};

TEST_F(SystemdSource, WritesWhatItIsToldToAFileOfPsi) {
  tree_.write("watched", "");
  const auto source = open_systemd_source({path().c_str(), kTriggerInBase64});
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(content_of(path()), std::string("some 200000 2000000\0", 20));
  EXPECT_EQ(source->name(), path());
  EXPECT_EQ(source->events(), POLLPRI);
  EXPECT_EQ(source->on_ready(POLLPRI), SourceSignal::warning);
}

TEST_F(SystemdSource, WritesNothingWhereItIsToldNothing) {
  tree_.write("watched", "as it was");
  EXPECT_NE(open_systemd_source({path().c_str(), nullptr}), nullptr);
  EXPECT_EQ(content_of(path()), "as it was");
}

TEST_F(SystemdSource, WarnsOfEveryWriteIntoAFifo) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const auto source = open_systemd_source({path().c_str(), nullptr});
  ASSERT_NE(source, nullptr);
  EXPECT_EQ(polled(*source), 0);
  for (int i = 0; i < 2; ++i) {
    const FileDescriptor writer(::open(path().c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    const std::string more_than_one_read(1000, 'x');
    ASSERT_EQ(::write(writer.get(), more_than_one_read.data(), 1000), 1000);
    EXPECT_EQ(polled(*source), POLLIN);
    EXPECT_EQ(source->on_ready(POLLIN), SourceSignal::warning);
    EXPECT_EQ(polled(*source), 0);
  }
}

TEST_F(SystemdSource, WritesWhatItIsToldIntoAFifo) {
  ASSERT_EQ(::mkfifo(path().c_str(), 0600), 0);
  const FileDescriptor reader(::open(path().c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  const auto source = open_systemd_source({path().c_str(), "aGVsbG8="});
  ASSERT_NE(source, nullptr);
  std::array<char, 16> text{};
  ASSERT_EQ(::read(reader.get(), text.data(), text.size()), 5);
  EXPECT_STREQ(text.data(), "hello");
}

TEST_F(SystemdSource, ListensToASocketUntilThePeerLeaves) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  ASSERT_LT(path().size(), sizeof(address.sun_path));
  std::strcpy(address.sun_path, path().c_str());
  const FileDescriptor listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(listener.get(), 1), 0);

  const auto source = open_systemd_source({path().c_str(), "aGVsbG8="});
  ASSERT_NE(source, nullptr);
  FileDescriptor peer(::accept(listener.get(), nullptr, nullptr));
  std::array<char, 16> text{};
  ASSERT_EQ(::read(peer.get(), text.data(), text.size()), 5);
  EXPECT_STREQ(text.data(), "hello");

  ASSERT_EQ(::write(peer.get(), "!", 1), 1);
  EXPECT_EQ(polled(*source), POLLIN);
  EXPECT_EQ(source->on_ready(POLLIN), SourceSignal::warning);
  EXPECT_EQ(polled(*source), 0);
  peer = FileDescriptor();
  EXPECT_EQ(source->on_ready(polled(*source)), SourceSignal::gone);
}

TEST_F(SystemdSource, IsAbsentWhereWhatItIsToldIsMalformed) {
  tree_.write("watched", "");
  ASSERT_NE(open_systemd_source({path().c_str(), ""}), nullptr);
  EXPECT_EQ(open_systemd_source({path().c_str(), "no base64"}), nullptr);
  EXPECT_EQ(open_systemd_source({nullptr, kTriggerInBase64}), nullptr);
  EXPECT_EQ(open_systemd_source({"watched", nullptr}), nullptr);
  EXPECT_EQ(open_systemd_source({(path() + "/missing").c_str(), nullptr}), nullptr);
  EXPECT_EQ(open_systemd_source({tree_.root().c_str(), nullptr}), nullptr);  // a folder
  EXPECT_EQ(open_systemd_source({"/dev/zero", nullptr}), nullptr);
}

TEST_F(SystemdSource, IsAbsentWhereNobodyListensToTheSocket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strcpy(address.sun_path, path().c_str());
  const FileDescriptor bound(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  ASSERT_EQ(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(open_systemd_source({path().c_str(), nullptr}), nullptr);
}

TEST_F(SystemdSource, IsSwitchedOffByDevNullAndByNothing) {
  EXPECT_TRUE(is_switched_off({"/dev/null", kTriggerInBase64}));
  EXPECT_TRUE(is_switched_off({"", nullptr}));
  EXPECT_FALSE(is_switched_off({nullptr, nullptr}));
  EXPECT_FALSE(is_switched_off({"/proc/pressure/memory", nullptr}));
  EXPECT_EQ(open_systemd_source({"/dev/null", kTriggerInBase64}), nullptr);
}

// --- all that a machine has

std::vector<std::string> names_of(const PressureSources& sources) {
  std::vector<std::string> names;
  for (const auto& source : sources) names.emplace_back(source->name());
  return names;
}

using Names = std::vector<std::string>;

KernelTree machine_v2() {
  return KernelTree{{"proc/meminfo", "MemTotal: 8388608 kB\n"},
                    {"proc/self/cgroup", "0::/outer/inner\n"},
                    {"proc/self/mountinfo", "29 23 0:26 / /cg rw - cgroup2 cgroup2 rw\n"},
                    {"proc/pressure/memory", ""},
                    {"cg/outer/memory.pressure", ""},
                    {"cg/outer/memory.events", kQuiet},
                    {"cg/outer/inner/memory.pressure", ""},
                    {"cg/outer/inner/memory.events", kQuiet}};
}

TEST(LinuxSources, AreNoneOnAMachineWithoutAny) {
  const KernelTree tree{};
  EXPECT_TRUE(open_linux_sources(tree.root(), {}).empty());
}

TEST(LinuxSources, OfVersion2ArePsiAndTheEventsOfEveryCgroupAboveUs) {
  const KernelTree tree = machine_v2();
  EXPECT_EQ(names_of(open_linux_sources(tree.root(), {})),
            (Names{"/proc/pressure/memory", "/cg/outer/inner/memory.pressure",
                   "/cg/outer/inner/memory.events", "/cg/outer/memory.events"}));
}

TEST(LinuxSources, OfVersion1AreOurOwnOomTheLevelsOfEveryCgroupAndTheUseOfThoseThatBind) {
  const KernelTree tree{{"proc/meminfo", "MemTotal: 8388608 kB\n"},
                        {"proc/self/cgroup", "4:memory:/box\n"},
                        {"proc/self/mountinfo", "35 31 0:32 / /cg rw - cgroup cgroup rw,memory\n"},
                        {"cg/cgroup.event_control", ""},
                        {"cg/memory.pressure_level", ""},
                        {"cg/memory.usage_in_bytes", "2\n"},
                        {"cg/memory.limit_in_bytes", "9223372036854771712\n"},
                        {"cg/memory.oom_control", ""},
                        {"cg/box/cgroup.event_control", ""},
                        {"cg/box/memory.oom_control", ""},
                        {"cg/box/memory.pressure_level", ""},
                        {"cg/box/memory.usage_in_bytes", "1\n"},
                        {"cg/box/memory.limit_in_bytes", "1073741824\n"}};
  EXPECT_EQ(names_of(open_linux_sources(tree.root(), {})),
            (Names{"/cg/box/memory.oom_control", "/cg/box/memory.pressure_level", "/cg/memory.pressure_level",
                   "/cg/box/memory.usage_in_bytes"}));
}

TEST(LinuxSources, TakeWhatSystemdNamesInsteadOfPsi) {
  const KernelTree tree = machine_v2();
  const std::string named = tree.root() / "cg/outer/inner/memory.pressure";
  EXPECT_EQ(names_of(open_linux_sources(tree.root(), {named.c_str(), kTriggerInBase64})),
            (Names{named, "/cg/outer/inner/memory.events", "/cg/outer/memory.events"}));
}

TEST(LinuxSources, FallBackToPsiWhereWhatSystemdNamesCanNotBeWatched) {
  const KernelTree tree = machine_v2();
  EXPECT_EQ(open_linux_sources(tree.root(), {"/missing", nullptr}).size(), 4U);
}

TEST(LinuxSources, AreNoneWhereSystemdSaysOff) {
  const KernelTree tree = machine_v2();
  EXPECT_TRUE(open_linux_sources(tree.root(), {"/dev/null", nullptr}).empty());
}

}  // namespace
}  // namespace plimsoll::pressure
