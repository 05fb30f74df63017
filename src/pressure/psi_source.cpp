// Pressure stall information, Documentation/accounting/psi.rst of the kernel: a trigger lives as long as the
// descriptor that it was written to, speaks up at most once in its window, and is armed again by poll(2).
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <string>
#include <utility>

#include "base/file_descriptor.h"
#include "pressure/linux_sources.h"

namespace plimsoll::pressure {
namespace {

class PsiSource final : public PressureSource {
 public:
  PsiSource(std::string name, FileDescriptor file) : name_(std::move(name)), file_(std::move(file)) {}

  std::string_view name() const override { return name_; }
  int descriptor() const override { return file_.get(); }
  short events() const override { return POLLPRI; }
  SourceSignal on_ready(short ready) override {
    // The kernel adds POLLERR when there is no trigger any more, because the cgroup was removed.
    return ready == POLLPRI ? SourceSignal::warning : SourceSignal::gone;
  }

 private:
  std::string name_;
  FileDescriptor file_;
};

}  // namespace

std::unique_ptr<PressureSource> open_psi_source(const device::KernelFiles& files,
                                                const std::filesystem::path& path, std::string_view trigger) {
  FileDescriptor file(::open(files.on_disk(path).c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!file.is_open()) return nullptr;
  if (!trigger.empty() && ::write(file.get(), trigger.data(), trigger.size()) < 0) return nullptr;
  return std::make_unique<PsiSource>(path.string(), std::move(file));
}

}  // namespace plimsoll::pressure
