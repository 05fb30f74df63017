// memory.events.local and memory.events, Documentation/admin-guide/cgroup-v2.rst of the kernel: a change is a
// "file modified event", which is POLLPRI with POLLERR; reading the file from its beginning arms it again.
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <array>
#include <optional>
#include <string>
#include <utility>

#include "base/file_descriptor.h"
#include "pressure/linux_sources.h"

namespace plimsoll::pressure {
namespace {

// How often something happened since the cgroup was made.
struct Events {
  std::uint64_t at_line = 0;        // used up to memory.high or memory.max
  std::uint64_t out_of_memory = 0;  // and nothing could be reclaimed
};

Events parse_events(std::string_view text) {
  const auto count = [&](std::string_view key) { return device::find_number(text, key).value_or(0); };
  return {count("high") + count("max"), count("oom")};
}

std::optional<Events> read_events(int file) {
  std::array<char, 4096> text{};
  const auto bytes = ::pread(file, text.data(), text.size(), 0);
  if (bytes < 0) return std::nullopt;
  return parse_events({text.data(), static_cast<std::size_t>(bytes)});
}

class CgroupEventsSource final : public PressureSource {
 public:
  CgroupEventsSource(std::string name, FileDescriptor file, Events seen)
      : name_(std::move(name)), file_(std::move(file)), seen_(seen) {}

  std::string_view name() const override { return name_; }
  int descriptor() const override { return file_.get(); }
  short events() const override { return POLLPRI; }

  SourceSignal on_ready(short ready) override {
    const auto events = read_events(file_.get());
    if (!events || (ready & POLLPRI) == 0) return SourceSignal::gone;
    const Events before = std::exchange(seen_, *events);
    if (events->out_of_memory > before.out_of_memory) return SourceSignal::warning;
    // A cgroup fills up to its line with page cache alone: whether memory is short, the figures tell.
    return events->at_line > before.at_line ? SourceSignal::check : SourceSignal::none;
  }

 private:
  std::string name_;
  FileDescriptor file_;
  Events seen_;
};

}  // namespace

std::unique_ptr<PressureSource> open_cgroup_events_source(const device::KernelFiles& files,
                                                          const std::filesystem::path& directory) {
  // The plain file also counts the events of all cgroups below, our neighbours' among them; before
  // Linux 5.3 there is no other.
  for (const char* name : {"memory.events.local", "memory.events"}) {
    const auto path = directory / name;
    FileDescriptor file(::open(files.on_disk(path).c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.is_open()) continue;
    const auto seen = read_events(file.get());
    if (seen) return std::make_unique<CgroupEventsSource>(path.string(), std::move(file), *seen);
  }
  return nullptr;
}

}  // namespace plimsoll::pressure
