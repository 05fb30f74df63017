// systemd's memory pressure protocol, https://systemd.io/MEMORY_PRESSURE: the service manager names a PSI
// file, a FIFO or a socket, and what is to be written to it first. Of a FIFO and a socket any byte is a
// warning.
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <utility>

#include "base/base64.h"
#include "base/file_descriptor.h"
#include "pressure/linux_sources.h"
#include "pressure/wake_pipe.h"

namespace plimsoll::pressure {
namespace {

class StreamSource final : public PressureSource {
 public:
  StreamSource(std::string name, FileDescriptor stream)
      : name_(std::move(name)), stream_(std::move(stream)) {}

  std::string_view name() const override { return name_; }
  int descriptor() const override { return stream_.get(); }
  short events() const override { return POLLIN; }
  SourceSignal on_ready(short ready) override {
    if ((ready & POLLIN) == 0) return SourceSignal::gone;
    return drain_descriptor(stream_.get()) ? SourceSignal::warning : SourceSignal::gone;
  }

 private:
  std::string name_;
  FileDescriptor stream_;
};

FileDescriptor connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) return {};
  std::memcpy(address.sun_path, path.data(), path.size());
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  const auto* const plain = reinterpret_cast<const sockaddr*>(&address);
  if (!socket.is_open() || ::connect(socket.get(), plain, sizeof(address)) != 0) return {};
  return socket;
}

// MSG_NOSIGNAL and its like are for sockets alone; a peer that has left must not end the process.
bool write_to(const FileDescriptor& stream, bool is_socket, const std::string& bytes) {
  if (!stream.is_open()) return false;
  if (bytes.empty()) return true;
  const auto written = is_socket ? ::send(stream.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL)
                                 : ::write(stream.get(), bytes.data(), bytes.size());
  return written >= 0;
}

std::unique_ptr<PressureSource> open_stream_source(const std::string& path, bool is_socket,
                                                   const std::string& first) {
  // A FIFO that we could write to ourselves never reports that its writers have left.
  FileDescriptor stream =
      is_socket ? connect_to(path) : FileDescriptor(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!write_to(stream, is_socket, first)) return nullptr;
  return std::make_unique<StreamSource>(path, std::move(stream));
}

}  // namespace

bool is_switched_off(const SystemdWatch& systemd) {
  return systemd.watch != nullptr && (*systemd.watch == '\0' || std::strcmp(systemd.watch, "/dev/null") == 0);
}

std::unique_ptr<PressureSource> open_systemd_source(const SystemdWatch& systemd) {
  if (systemd.watch == nullptr || *systemd.watch != '/' || is_switched_off(systemd)) return nullptr;
  const auto first = decode_base64(systemd.write == nullptr ? "" : systemd.write);
  struct stat status{};
  if (!first || ::stat(systemd.watch, &status) != 0) return nullptr;

  if (S_ISREG(status.st_mode)) return open_psi_source(device::KernelFiles("/"), systemd.watch, *first);
  const bool is_socket = S_ISSOCK(status.st_mode);
  if (!is_socket && !S_ISFIFO(status.st_mode)) return nullptr;
  return open_stream_source(systemd.watch, is_socket, *first);
}

}  // namespace plimsoll::pressure
