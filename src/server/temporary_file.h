// A file that nobody else can read and that goes with its owner: what programs have to be handed by name.
// Move-only.
#pragma once

#include <filesystem>
#include <string_view>
#include <utility>

#include "plimsoll/error.h"

namespace plimsoll::server {

class TemporaryFile {
 public:
  /// In $TMPDIR or /tmp, readable by this user only. Fails with `io`.
  static Expected<TemporaryFile> with(std::string_view content);
  TemporaryFile(TemporaryFile&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryFile& operator=(TemporaryFile&& other) noexcept {
    std::swap(path_, other.path_);
    return *this;
  }
  ~TemporaryFile();

  const std::filesystem::path& path() const { return path_; }

 private:
  explicit TemporaryFile(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
};

}  // namespace plimsoll::server
