// A real memory cgroup of our own making, with a limit and no swap: a device in miniature.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace plimsoll::device {

/// Version 1 or 2, whichever this machine lets us make. Gone when this is. Move-only.
/// REQUIRES: every process in it has ended by then.
class LimitedCgroup {
 public:
  /// Below our own cgroup where that is allowed, else below the nearest one above it. Empty where there is
  /// no right to make one (root on Linux has it).
  static std::optional<LimitedCgroup> make(std::uint64_t limit_bytes);
  LimitedCgroup(LimitedCgroup&& other) noexcept;
  LimitedCgroup& operator=(LimitedCgroup&&) = delete;
  ~LimitedCgroup();

  const std::filesystem::path& folder() const { return folder_; }

  /// `command` as a shell's words that go into the group first and then become the command.
  std::vector<std::string> inside(const std::vector<std::string>& command) const;

  /// Who writes a process id to this file moves that process in.
  std::string processes() const { return (folder_ / "cgroup.procs").string(); }

  /// Moves the calling process in. REQUIRES: it has one thread.
  bool enter() const;

  /// Charged memory at its highest, page cache included. 0 where the kernel does not say (v2 before 5.19).
  std::uint64_t peak_bytes() const;
  /// How many processes the kernel killed in it because it was full.
  std::uint64_t kills() const;
  /// How often a charge met the limit and something had to be reclaimed for it.
  std::uint64_t limit_hits() const;

 private:
  struct Files;
  LimitedCgroup(std::filesystem::path folder, const Files& files);
  static std::optional<LimitedCgroup> make_below(const std::filesystem::path& parent, const Files& files,
                                                 std::uint64_t limit_bytes);
  bool write(const char* file, std::uint64_t value) const;
  std::uint64_t number_in(const char* file, const std::string& key) const;

  std::filesystem::path folder_;
  const Files* files_;
};

}  // namespace plimsoll::device
