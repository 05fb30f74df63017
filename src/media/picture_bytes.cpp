#include "media/picture_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace plimsoll::media {

namespace {

Error open_error(const std::string& name, int reason) {
  if (reason == ENOENT || reason == ENOTDIR) {
    return {ErrorCode::not_found, name + ": there is no such file; check the path"};
  }
  if (reason == EACCES || reason == EPERM) {
    return {ErrorCode::io, name + ": no permission to read this file"};
  }
  return {ErrorCode::io, name + ": the file can not be opened (" + std::strerror(reason) + ")"};
}

}  // namespace

Expected<PictureBytes> PictureBytes::open(const ImageSource& source) {
  const std::string name = source.name();
  if (const auto* memory = std::get_if<std::string>(&source.content)) {
    if (memory->empty()) return fail(ErrorCode::invalid_argument, name + ": there is no data in it");
    return PictureBytes(std::string_view(*memory));
  }
  // Without O_NONBLOCK a named pipe would keep us here for as long as nobody writes to it.
  const auto& path = std::get<std::filesystem::path>(source.content);
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (file < 0) return tl::unexpected(open_error(name, errno));
  PictureBytes bytes(file);
  if (auto checked = bytes.check_file(name); !checked) return tl::unexpected(checked.error());
  return bytes;
}

Expected<void> PictureBytes::check_file(const std::string& name) {
  struct stat status = {};
  if (::fstat(file_, &status) != 0) return tl::unexpected(open_error(name, errno));
  if (S_ISDIR(status.st_mode)) return fail(ErrorCode::io, name + ": this is a folder; name a file in it");
  if (!S_ISREG(status.st_mode)) return fail(ErrorCode::io, name + ": this is not a regular file");
  if (status.st_size <= 0) return fail(ErrorCode::invalid_argument, name + ": the file is empty");
  size_ = static_cast<std::uint64_t>(status.st_size);
  return {};
}

std::int64_t PictureBytes::read_at(std::uint64_t offset, std::span<std::byte> into) const {
  if (!is_file()) {
    const auto rest = memory().subspan(std::min<std::size_t>(offset, memory().size()));
    const std::size_t count = std::min(rest.size(), into.size());
    std::copy_n(rest.begin(), count, into.begin());
    return static_cast<std::int64_t>(count);
  }
  ssize_t count = -1;
  do {
    count = ::pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
  } while (count < 0 && errno == EINTR);
  return count;
}

}  // namespace plimsoll::media
