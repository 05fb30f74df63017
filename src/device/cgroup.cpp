#include "device/cgroup.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

namespace plimsoll::device {
namespace {

namespace fs = std::filesystem;

// A mounted hierarchy. `top` is the cgroup that the mount point shows; in a container that is rarely "/".
struct CgroupMount {
  CgroupVersion version = CgroupVersion::v2;
  fs::path top;
  fs::path mount_point;
};

// A line of /proc/self/cgroup.
struct Membership {
  CgroupVersion version = CgroupVersion::v2;
  fs::path path;
};

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool lists_memory(std::string_view comma_separated) {
  const auto items = split(comma_separated, ',');
  return std::find(items.begin(), items.end(), "memory") != items.end();
}

// mountinfo writes space, tab, line end and backslash as \040, \011, \012 and \134.
std::string unescape(std::string_view text) {
  const auto is_octal = [](char c) { return c >= '0' && c <= '7'; };
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 3 < text.size() && is_octal(text[i + 1]) && is_octal(text[i + 2]) &&
        is_octal(text[i + 3])) {
      plain += static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + (text[i + 3] - '0'));
      i += 3;
    } else {
      plain += text[i];
    }
  }
  return plain;
}

// "ID:CONTROLLERS:PATH"; the path may hold further colons.
std::optional<Membership> parse_membership(std::string_view line) {
  const std::size_t first = line.find(':');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = line.find(':', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const std::string_view controllers = line.substr(first + 1, second - first - 1);
  const std::string_view path = line.substr(second + 1);
  if (line.substr(0, first) == "0" && controllers.empty()) return Membership{CgroupVersion::v2, path};
  if (lists_memory(controllers)) return Membership{CgroupVersion::v1, path};
  return std::nullopt;
}

std::vector<Membership> read_memberships(const KernelFiles& files) {
  std::vector<Membership> memberships;
  const std::string content = files.read("/proc/self/cgroup").value_or("");
  std::string_view rest = content;
  while (const auto line = take_line(rest)) {
    if (auto membership = parse_membership(*line)) memberships.push_back(std::move(*membership));
  }
  return memberships;
}

std::optional<CgroupVersion> memory_version(std::string_view file_system, std::string_view super_options) {
  if (file_system == "cgroup2") return CgroupVersion::v2;
  if (file_system == "cgroup" && lists_memory(super_options)) return CgroupVersion::v1;
  return std::nullopt;
}

// "ID PARENT MAJOR:MINOR TOP MOUNT_POINT OPTIONS TAG... - FILE_SYSTEM SOURCE SUPER_OPTIONS" (proc(5)).
void note_mount(std::string_view line, std::vector<CgroupMount>& mounts) {
  constexpr std::size_t kTop = 3;
  constexpr std::size_t kMountPoint = 4;
  constexpr std::ptrdiff_t kFirstTag = 6;
  const auto fields = split(line, ' ');
  if (std::ssize(fields) <= kFirstTag) return;
  const auto dash = std::find(fields.begin() + kFirstTag, fields.end(), "-");
  if (fields.end() - dash < 4) return;

  const std::string mount_point = unescape(fields[kMountPoint]);
  if (!mount_point.starts_with('/')) return;
  // Whatever is mounted later on the same point hides what was there.
  std::erase_if(mounts, [&](const CgroupMount& mount) { return mount.mount_point == mount_point; });
  if (const auto version = memory_version(dash[1], dash[3])) {
    mounts.push_back({*version, unescape(fields[kTop]), mount_point});
  }
}

std::vector<CgroupMount> read_mounts(const KernelFiles& files) {
  std::vector<CgroupMount> mounts;
  const std::string content = files.read("/proc/self/mountinfo").value_or("");
  std::string_view rest = content;
  while (const auto line = take_line(rest)) note_mount(*line, mounts);
  return mounts;
}

// How one gets from `top` down to `path`; empty where that needs a name that can not be known from here.
std::optional<fs::path> path_below(const fs::path& top, const fs::path& path) {
  const auto [top_rest, rest] = std::mismatch(top.begin(), top.end(), path.begin(), path.end());
  if (top_rest != top.end()) return std::nullopt;
  fs::path below;
  for (auto part = rest; part != path.end(); ++part) {
    if (*part == "..") return std::nullopt;
    below /= *part;
  }
  return below;
}

std::vector<fs::path> directories_up(const fs::path& mount_point, fs::path below) {
  std::vector<fs::path> directories;
  for (; !below.empty(); below = below.parent_path()) directories.push_back(mount_point / below);
  directories.push_back(mount_point);
  return directories;
}

// Of several mounts of a hierarchy the one that shows most of our ancestors is taken.
std::optional<MemoryCgroup> locate(const Membership& membership, const std::vector<CgroupMount>& mounts) {
  std::vector<fs::path> best;
  const CgroupMount* any = nullptr;
  for (const CgroupMount& mount : mounts) {
    if (mount.version != membership.version) continue;
    if (any == nullptr) any = &mount;
    const auto below = path_below(mount.top, membership.path);
    if (!below) continue;
    auto directories = directories_up(mount.mount_point, *below);
    if (directories.size() > best.size()) best = std::move(directories);
  }
  if (any == nullptr) return std::nullopt;
  if (best.empty()) best.push_back(any->mount_point);
  return MemoryCgroup{membership.version, std::move(best)};
}

// What a cgroup uses and can not give up: the kernel drops page cache when the limit is reached.
std::uint64_t read_used_bytes(const KernelFiles& files, const fs::path& directory, CgroupVersion version) {
  const char* const usage_file = version == CgroupVersion::v1 ? "memory.usage_in_bytes" : "memory.current";
  const std::uint64_t usage = files.read_number(directory / usage_file).value_or(0);
  const std::string stat = files.read(directory / "memory.stat").value_or("");
  std::uint64_t used = usage;
  for (const std::string key : {"inactive_file", "active_file"}) {
    // On v1 the plain figure leaves out the cgroups below.
    const auto total = find_number(stat, "total_" + key);
    used -= std::min(used, total ? *total : find_number(stat, key).value_or(0));
  }
  return used;
}

MemoryBound make_bound(const fs::path& source, std::uint64_t limit, std::uint64_t used) {
  return {source.string(), limit, limit - std::min(limit, used)};
}

void append_bounds(const KernelFiles& files, const fs::path& directory, CgroupVersion version,
                   std::vector<MemoryBound>& bounds) {
  using Names = std::vector<std::string_view>;
  const Names names =
      version == CgroupVersion::v1 ? Names{"memory.limit_in_bytes"} : Names{"memory.max", "memory.high"};
  for (const std::string_view name : names) {
    const auto limit = files.read_number(directory / name);
    if (!limit) continue;
    bounds.push_back(make_bound(directory / name, *limit, read_used_bytes(files, directory, version)));
  }
}

// Version 1 tells the smallest limit of all ancestors, also of those outside of our container.
void append_hidden_bound(const KernelFiles& files, const std::vector<fs::path>& directories,
                         std::vector<MemoryBound>& bounds) {
  for (const fs::path& directory : directories) {
    const fs::path source = directory / "memory.stat";
    const auto limit = find_number(files.read(source).value_or(""), "hierarchical_memory_limit");
    if (!limit) continue;
    const bool is_news = std::all_of(bounds.begin(), bounds.end(),
                                     [&](const MemoryBound& bound) { return *limit < bound.limit_bytes; });
    if (is_news) {
      bounds.push_back(make_bound(source, *limit, read_used_bytes(files, directory, CgroupVersion::v1)));
    }
    return;
  }
}

std::vector<MemoryBound> bounds_of(const KernelFiles& files, const MemoryCgroup& cgroup) {
  std::vector<MemoryBound> bounds;
  for (const fs::path& directory : cgroup.directories) {
    // Before Linux 5.11 a v1 parent could be told not to count its children: then it does not bind us.
    const bool is_parent = directory != cgroup.directories.front();
    if (is_parent && files.read_number(directory / "memory.use_hierarchy") == 0U) break;
    append_bounds(files, directory, cgroup.version, bounds);
  }
  if (cgroup.version == CgroupVersion::v1) append_hidden_bound(files, cgroup.directories, bounds);
  return bounds;
}

}  // namespace

std::vector<MemoryCgroup> find_memory_cgroups(const KernelFiles& files) {
  const auto mounts = read_mounts(files);
  std::vector<MemoryCgroup> cgroups;
  for (const Membership& membership : read_memberships(files)) {
    if (auto cgroup = locate(membership, mounts)) cgroups.push_back(std::move(*cgroup));
  }
  return cgroups;
}

std::vector<MemoryBound> read_cgroup_bounds(const KernelFiles& files) {
  std::vector<MemoryBound> bounds;
  for (const MemoryCgroup& cgroup : find_memory_cgroups(files)) {
    auto more = bounds_of(files, cgroup);
    std::move(more.begin(), more.end(), std::back_inserter(bounds));
  }
  return bounds;
}

}  // namespace plimsoll::device
