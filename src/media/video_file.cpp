#include "media/video_file.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "base/file_descriptor.h"

namespace plimsoll::media {

Expected<void> check_video_file(const VideoSource& source) {
  const std::string name = source.name();
  // Without O_NONBLOCK a named pipe would keep us here for as long as nobody writes to it.
  const FileDescriptor file(::open(source.path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  struct stat status = {};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return fail(ErrorCode::not_found, name + ": there is no such file; check the path");
    }
    if (errno == EACCES || errno == EPERM) {
      return fail(ErrorCode::io, name + ": no permission to read this file");
    }
    return fail(ErrorCode::io, name + ": the file can not be opened (" + std::strerror(errno) + ")");
  }
  if (S_ISDIR(status.st_mode)) return fail(ErrorCode::io, name + ": this is a folder; name a file in it");
  if (!S_ISREG(status.st_mode)) {
    return fail(ErrorCode::io,
                name +
                    ": this is not a regular file; a video has to be read at any place of it, so "
                    "save it to a file first");
  }
  if (status.st_size <= 0) return fail(ErrorCode::invalid_argument, name + ": the file is empty");
  return {};
}

}  // namespace plimsoll::media
