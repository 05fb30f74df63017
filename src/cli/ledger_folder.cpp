#include "cli/ledger_folder.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string>
#include <system_error>

namespace plimsoll::cli {

namespace fs = std::filesystem;

namespace {

bool is_private_folder(const fs::path& folder) {
  struct stat status{};
  return ::lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == ::geteuid() &&
         (status.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

std::optional<int> pid_of(const fs::path& socket) {
  const std::string name = socket.stem().string();
  int pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  const bool whole = error == std::errc{} && end == name.data() + name.size();
  return whole && pid > 0 && socket.extension() == ".sock" ? std::optional(pid) : std::nullopt;
}

FileDescriptor connect_to(const fs::path& path) {
  const auto address = socket_address(path);
  FileDescriptor stream = make_socket();
  if (!address || !stream.is_open()) return {};
  if (::connect(stream.get(), reinterpret_cast<const sockaddr*>(&*address), sizeof(*address)) == 0)
    return stream;
  if (errno == ECONNREFUSED) ::unlink(path.c_str());
  return {};
}

}  // namespace

std::vector<fs::path> ledger_folders() {
  std::vector<fs::path> folders;
  const char* const runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') folders.push_back(fs::path(runtime) / "plimsoll");
  std::error_code error;
  const fs::path temporary = fs::temp_directory_path(error);
  if (!error) folders.push_back(temporary / ("plimsoll-" + std::to_string(::geteuid())));
  return folders;
}

Expected<void> make_private_folder(const fs::path& folder) {
  if (::mkdir(folder.c_str(), S_IRWXU) != 0 && errno != EEXIST) {
    return fail(ErrorCode::io, folder.string() + ": " + std::strerror(errno));
  }
  if (!is_private_folder(folder))
    return fail(ErrorCode::io, folder.string() + " is not a folder of ours alone");
  return {};
}

Expected<sockaddr_un> socket_address(const fs::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string name = path.string();
  if (name.size() >= sizeof(address.sun_path)) return fail(ErrorCode::io, name + " is too long for a socket");
  std::memcpy(address.sun_path, name.data(), name.size());
  return address;
}

FileDescriptor make_socket() {
  FileDescriptor socket(::socket(AF_UNIX, SOCK_STREAM, 0));
  if (socket.is_open()) {
    ::fcntl(socket.get(), F_SETFL, O_NONBLOCK);
    ::fcntl(socket.get(), F_SETFD, FD_CLOEXEC);
  }
  return socket;
}

std::vector<OfferedLedger> connect_to_ledgers(const std::vector<fs::path>& folders) {
  std::vector<OfferedLedger> ledgers;
  for (const fs::path& folder : folders) {
    if (!is_private_folder(folder)) continue;  // somebody else's in /tmp could tell us anything
    std::error_code error;
    for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
         entry.increment(error)) {
      const auto pid = pid_of(entry->path());
      if (!pid) continue;
      if (FileDescriptor stream = connect_to(entry->path()); stream.is_open()) {
        ledgers.push_back({*pid, std::move(stream)});
      }
    }
  }
  std::sort(ledgers.begin(), ledgers.end(), [](const auto& a, const auto& b) { return a.pid < b.pid; });
  return ledgers;
}

}  // namespace plimsoll::cli
