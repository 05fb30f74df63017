// The small text files that the kernel offers in /proc and /sys/fs/cgroup. Every path is the one that
// the user would see; a root is put in front of it, so that a test can hand in a declared tree.
// What is missing or malformed is an empty optional: no kernel has all of these files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll::device {

class KernelFiles {
 public:
  explicit KernelFiles(std::filesystem::path root) : root_(std::move(root)) {}

  /// Where the file really is: the path below the root.
  std::filesystem::path on_disk(const std::filesystem::path& path) const {
    return root_ / path.relative_path();
  }

  /// The whole file. Empty when it can not be read or is far larger than any kernel file.
  std::optional<std::string> read(const std::filesystem::path& path) const;

  /// The file's only number, as parse_number() takes it.
  std::optional<std::uint64_t> read_number(const std::filesystem::path& path) const;

 private:
  std::filesystem::path root_;
};

/// Decimal digits with nothing but white space around them. "max", "-1" and what does not fit are empty.
std::optional<std::uint64_t> parse_number(std::string_view text);

/// Takes the first line off `rest`, without its line end. Empty at the end of the text.
std::optional<std::string_view> take_line(std::string_view& rest);

/// N of the first line "key N", as in memory.stat.
std::optional<std::uint64_t> find_number(std::string_view text, std::string_view key);

/// N * 1024 of the first line "key: N kB", as in /proc/meminfo.
std::optional<std::uint64_t> find_kib_as_bytes(std::string_view text, std::string_view key);

}  // namespace plimsoll::device
