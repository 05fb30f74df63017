#include "server/temporary_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <system_error>

#include "base/file_descriptor.h"

namespace plimsoll::server {

Expected<TemporaryFile> TemporaryFile::with(std::string_view content) {
  std::error_code problem;
  const std::filesystem::path folder = std::filesystem::temp_directory_path(problem);
  std::string path = ((problem ? "/tmp" : folder) / "plimsoll-XXXXXX").string();
  const FileDescriptor file(::mkostemp(path.data(), O_CLOEXEC));  // mode 0600
  if (!file.is_open()) {
    return fail(ErrorCode::io, "no temporary file could be made at " + path + ": " + std::strerror(errno));
  }
  TemporaryFile made{path};
  while (!content.empty()) {
    const ssize_t count = ::write(file.get(), content.data(), content.size());
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      return fail(ErrorCode::io,
                  "the temporary file " + path + " could not be written: " + std::strerror(errno));
    }
    content.remove_prefix(static_cast<std::size_t>(count));
  }
  return made;
}

TemporaryFile::~TemporaryFile() {
  if (!path_.empty()) ::unlink(path_.c_str());
}

}  // namespace plimsoll::server
