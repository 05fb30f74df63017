// A real memory cgroup with a limit and no swap, version 1 or 2, whichever this machine lets us make. Gone
// when this is. REQUIRES: every process in it has ended by then.
#pragma once

#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace plimsoll::test {

class MemoryCgroup {
 public:
  /// Empty where there is no right to make one (root on Linux has it).
  static std::optional<MemoryCgroup> make(std::uint64_t limit_bytes) {
    for (const Files* files : {&kVersion1, &kVersion2}) {
      static int made = 0;
      const auto folder = std::filesystem::path(files->root) /
                          ("plimsoll-test-" + std::to_string(getpid()) + "-" + std::to_string(++made));
      std::error_code error;
      if (!std::filesystem::create_directory(folder, error)) continue;
      MemoryCgroup group(folder, *files);
      if (!group.write(files->limit, limit_bytes)) continue;
      group.write(files->swap, 0);
      return group;
    }
    return std::nullopt;
  }
  MemoryCgroup(MemoryCgroup&& other) noexcept
      : folder_(std::exchange(other.folder_, {})), files_(other.files_) {}
  MemoryCgroup& operator=(MemoryCgroup&&) = delete;
  ~MemoryCgroup() {
    if (!folder_.empty()) rmdir(folder_.c_str());
  }

  const std::filesystem::path& folder() const { return folder_; }

  /// `command` as a shell's words that go into the group first and then become the command.
  std::vector<std::string> inside(const std::vector<std::string>& command) const {
    std::vector<std::string> words = {"/bin/sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", processes()};
    words.insert(words.end(), command.begin(), command.end());
    return words;
  }

  /// Who writes a process id to this file moves that process in.
  std::string processes() const { return (folder_ / "cgroup.procs").string(); }

  /// Moves the calling process in. REQUIRES: it has one thread.
  bool enter() const { return write("cgroup.procs", static_cast<std::uint64_t>(getpid())); }

  /// Charged memory at its highest, page cache included. 0 where the kernel does not say (v2 before 5.19).
  std::uint64_t peak_bytes() const { return number_in(files_->peak, ""); }
  std::uint64_t kills() const { return number_in(files_->kills, "oom_kill"); }
  /// How often a charge met the limit and something had to be reclaimed for it.
  std::uint64_t limit_hits() const { return number_in(files_->hits, files_->hits_key); }

 private:
  struct Files {
    const char* root;
    const char* limit;
    const char* swap;  // no swapping at 0
    const char* peak;
    const char* kills;
    const char* hits;
    const char* hits_key;
  };
  static constexpr Files kVersion1 = {
      "/sys/fs/cgroup/memory",     "memory.limit_in_bytes",
      "memory.swappiness",  //
      "memory.max_usage_in_bytes", "memory.oom_control",    "memory.failcnt", ""};
  static constexpr Files kVersion2 = {
      "/sys/fs/cgroup", "memory.max", "memory.swap.max", "memory.peak", "memory.events",
      "memory.events",  "max"};

  MemoryCgroup(std::filesystem::path folder, const Files& files)
      : folder_(std::move(folder)), files_(&files) {}

  bool write(const char* file, std::uint64_t value) const {
    std::ofstream out(folder_ / file);
    return static_cast<bool>(out << value << std::flush);
  }

  // The value behind `key`, or the first of the file when the key is empty; 0 when there is none.
  std::uint64_t number_in(const char* file, const std::string& key) const {
    std::ifstream in(folder_ / file);
    std::string word;
    while (!key.empty() && in >> word && word != key) {
    }
    std::uint64_t value = 0;
    in >> value;
    return value;
  }

  std::filesystem::path folder_;
  const Files* files_;
};

}  // namespace plimsoll::test
