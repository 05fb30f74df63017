// A file that is on its way: FILE.part beside the place it will have, and FILE.part.etag with what the server
// called its content, so that a later run can go on. Nothing appears under the final name before finish().
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include "base/file_descriptor.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

class PartFile {
 public:
  /// Opens what an earlier run left, or an empty one. Fails with `io`.
  static Expected<PartFile> open(const std::filesystem::path& target);

  std::uint64_t size() const { return size_; }
  const std::string& etag() const { return etag_; }
  const std::filesystem::path& path() const { return path_; }

  /// Empties it for content of this ETag. Fails with `io`.
  Expected<void> restart(const std::string& etag);

  /// Fails with `io`; what fitted before a full disk is kept.
  Expected<void> append(std::string_view bytes);

  /// Brings it to the disk and to its final name, over what is there. Fails with `io`.
  Expected<void> finish();

  /// Removes it from the disk.
  void discard();

 private:
  PartFile(std::filesystem::path target, FileDescriptor file);

  std::filesystem::path target_;
  std::filesystem::path path_;
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  std::string etag_;
};

/// What an interrupted run left of this file, in bytes.
std::uint64_t bytes_left_behind(const std::filesystem::path& target);

}  // namespace plimsoll::models
