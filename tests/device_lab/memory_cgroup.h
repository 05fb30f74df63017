// A real memory cgroup with a limit, gone when this is. Version 1 or 2, whichever this machine lets us make.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <system_error>
#include <utility>

namespace plimsoll::test {

class MemoryCgroup {
 public:
  static std::optional<MemoryCgroup> make(std::uint64_t limit_bytes) {
    struct Kind {
      const char* root;
      const char* limit_file;
    };
    for (const Kind& kind :
         {Kind{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, Kind{"/sys/fs/cgroup", "memory.max"}}) {
      const auto folder = std::filesystem::path(kind.root) / ("plimsoll-test-" + std::to_string(getpid()));
      std::error_code error;
      if (!std::filesystem::create_directory(folder, error)) continue;
      MemoryCgroup group(folder);
      std::ofstream file(folder / kind.limit_file);
      if (file << limit_bytes << std::flush) return group;
    }
    return std::nullopt;
  }
  MemoryCgroup(MemoryCgroup&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
  MemoryCgroup& operator=(MemoryCgroup&&) = delete;
  ~MemoryCgroup() {
    if (!folder_.empty()) rmdir(folder_.c_str());
  }
  std::string processes() const { return (folder_ / "cgroup.procs").string(); }
  const std::filesystem::path& folder() const { return folder_; }

 private:
  explicit MemoryCgroup(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

}  // namespace plimsoll::test
