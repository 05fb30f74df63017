#include "device/limited_cgroup.h"

#include <unistd.h>

#include <atomic>
#include <fstream>
#include <utility>

#include "device/cgroup.h"

namespace plimsoll::device {

struct LimitedCgroup::Files {
  const char* limit;
  const char* swap;  // no swapping at 0
  const char* peak;
  const char* kills;
  const char* hits;
  const char* hits_key;

  static const Files& of(CgroupVersion version) {
    static constexpr Files kVersion1 = {
        "memory.limit_in_bytes", "memory.swappiness", "memory.max_usage_in_bytes",
        "memory.oom_control",    "memory.failcnt",    ""};
    static constexpr Files kVersion2 = {"memory.max",    "memory.swap.max", "memory.peak",
                                        "memory.events", "memory.events",   "max"};
    return version == CgroupVersion::v1 ? kVersion1 : kVersion2;
  }
};

// On version 2 a cgroup with processes in it lets none with a limit be made below: then it is one further up.
std::optional<LimitedCgroup> LimitedCgroup::make(std::uint64_t limit_bytes) {
  for (const MemoryCgroup& cgroup : find_memory_cgroups(KernelFiles("/"))) {
    for (const auto& parent : cgroup.directories) {
      if (auto made = make_below(parent, Files::of(cgroup.version), limit_bytes)) return made;
    }
  }
  return std::nullopt;
}

std::optional<LimitedCgroup> LimitedCgroup::make_below(const std::filesystem::path& parent,
                                                       const Files& files, std::uint64_t limit_bytes) {
  static std::atomic<int> made = 0;
  const auto folder = parent / ("plimsoll-" + std::to_string(getpid()) + "-" + std::to_string(++made));
  std::error_code error;
  if (!std::filesystem::create_directory(folder, error)) return std::nullopt;
  LimitedCgroup group(folder, files);
  if (!group.write(files.limit, limit_bytes)) return std::nullopt;
  group.write(files.swap, 0);
  return group;
}

LimitedCgroup::LimitedCgroup(std::filesystem::path folder, const Files& files)
    : folder_(std::move(folder)), files_(&files) {}

LimitedCgroup::LimitedCgroup(LimitedCgroup&& other) noexcept
    : folder_(std::exchange(other.folder_, {})), files_(other.files_) {}

LimitedCgroup::~LimitedCgroup() {
  if (!folder_.empty()) rmdir(folder_.c_str());
}

std::vector<std::string> LimitedCgroup::inside(const std::vector<std::string>& command) const {
  std::vector<std::string> words = {"/bin/sh", "-c", "echo $$ > \"$0\" && exec \"$@\"", processes()};
  words.insert(words.end(), command.begin(), command.end());
  return words;
}

bool LimitedCgroup::enter() const { return write("cgroup.procs", static_cast<std::uint64_t>(getpid())); }

std::uint64_t LimitedCgroup::peak_bytes() const { return number_in(files_->peak, ""); }
std::uint64_t LimitedCgroup::kills() const { return number_in(files_->kills, "oom_kill"); }
std::uint64_t LimitedCgroup::limit_hits() const { return number_in(files_->hits, files_->hits_key); }

bool LimitedCgroup::write(const char* file, std::uint64_t value) const {
  std::ofstream out(folder_ / file);
  return static_cast<bool>(out << value << std::flush);
}

// The value behind `key`, or the first of the file when the key is empty; 0 when there is none.
std::uint64_t LimitedCgroup::number_in(const char* file, const std::string& key) const {
  std::ifstream in(folder_ / file);
  std::string word;
  while (!key.empty() && in >> word && word != key) {
  }
  std::uint64_t value = 0;
  in >> value;
  return value;
}

}  // namespace plimsoll::device
