// Files that are not in memory, as after a start of the machine.
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

namespace plimsoll::test {

/// False when the file can not be read. Only clean pages leave, so what was written lately goes to disk
/// first. REQUIRES: no process has it mapped; pages that one has stay.
inline bool drop_from_page_cache(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return false;
  const bool dropped = fdatasync(file) == 0 && posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED) == 0;
  close(file);
  return dropped;
}

}  // namespace plimsoll::test
