// Events of cgroup version 1, Documentation/admin-guide/cgroup-v1/memory.rst of the kernel, sections 9 to 11:
// one is asked for by writing "EVENTFD FILE ARGUMENTS" to cgroup.event_control, stays asked for until the
// eventfd is closed, and needs neither of the two files any more.
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/file_descriptor.h"
#include "pressure/linux_sources.h"

namespace plimsoll::pressure {
namespace {

class EventSource final : public PressureSource {
 public:
  EventSource(std::string name, FileDescriptor event, SourceSignal signal)
      : name_(std::move(name)), event_(std::move(event)), signal_(signal) {}

  std::string_view name() const override { return name_; }
  int descriptor() const override { return event_.get(); }
  short events() const override { return POLLIN; }
  SourceSignal on_ready(short ready) override {
    if (ready != POLLIN) return SourceSignal::gone;
    eventfd_t times = 0;
    return ::eventfd_read(event_.get(), &times) == 0 ? signal_ : SourceSignal::none;
  }

 private:
  std::string name_;
  FileDescriptor event_;
  SourceSignal signal_;
};

bool ask_for_event(const device::KernelFiles& files, const std::filesystem::path& path,
                   const FileDescriptor& event, const std::string& arguments = "") {
  const FileDescriptor file(::open(files.on_disk(path).c_str(), O_RDONLY | O_CLOEXEC));
  const auto control_path = path.parent_path() / "cgroup.event_control";
  const FileDescriptor control(::open(files.on_disk(control_path).c_str(), O_WRONLY | O_CLOEXEC));
  if (!event.is_open() || !file.is_open() || !control.is_open()) return false;
  const std::string request =
      std::to_string(event.get()) + " " + std::to_string(file.get()) + " " + arguments;
  return ::write(control.get(), request.data(), request.size()) >= 0;
}

FileDescriptor make_event() { return FileDescriptor(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)); }

}  // namespace

std::unique_ptr<PressureSource> open_oom_source(const device::KernelFiles& files,
                                                const std::filesystem::path& directory) {
  const auto path = directory / "memory.oom_control";
  FileDescriptor event = make_event();
  if (!ask_for_event(files, path, event)) return nullptr;
  return std::make_unique<EventSource>(path.string(), std::move(event), SourceSignal::warning);
}

std::unique_ptr<PressureSource> open_pressure_level_source(const device::KernelFiles& files,
                                                           const std::filesystem::path& directory) {
  const auto path = directory / "memory.pressure_level";
  FileDescriptor event = make_event();
  // "critical", the rarest level, and yet no more than a reason to measure: Linux 6.18 raised it 60 times
  // while a cgroup of 32 MiB read a file of 512. "local", because by default our neighbours' count too.
  if (!ask_for_event(files, path, event, "critical,local")) return nullptr;
  return std::make_unique<EventSource>(path.string(), std::move(event), SourceSignal::check);
}

std::unique_ptr<PressureSource> open_usage_source(const device::KernelFiles& files,
                                                  const std::filesystem::path& directory,
                                                  std::uint64_t limit_bytes) {
  const auto path = directory / "memory.usage_in_bytes";
  FileDescriptor event = make_event();
  for (const unsigned percent : {kWarningPercent, kCriticalPercent}) {
    if (!ask_for_event(files, path, event, std::to_string(limit_bytes / 100 * percent))) return nullptr;
  }
  // Page cache counts as usage: whether memory is short, the figures tell.
  return std::make_unique<EventSource>(path.string(), std::move(event), SourceSignal::check);
}

}  // namespace plimsoll::pressure
