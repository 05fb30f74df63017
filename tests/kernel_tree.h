// A folder of declared kernel files, for tests of what reads /proc and /sys/fs/cgroup:
//   KernelTree tree{{"proc/meminfo", "MemTotal: 1024 kB\n"}};
//   read_device_memory(tree.root());
// The folder is removed with the object. Throws where the temporary folder can not be written.
#pragma once

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <string>
#include <system_error>
#include <utility>

namespace plimsoll {

class KernelTree {
 public:
  using File = std::pair<std::string, std::string>;  // path below the root, content

  KernelTree(std::initializer_list<File> files) : root_(make_folder()) {
    for (const auto& [path, content] : files) write(path, content);
  }
  ~KernelTree() {
    std::error_code ignored;
    std::filesystem::remove_all(root_, ignored);
  }
  KernelTree(const KernelTree&) = delete;
  KernelTree& operator=(const KernelTree&) = delete;

  const std::filesystem::path& root() const { return root_; }

  /// Adds a file, or replaces its content.
  void write(const std::string& path, const std::string& content) {
    const auto file = root_ / std::filesystem::path(path).relative_path();
    std::filesystem::create_directories(file.parent_path());
    std::ofstream stream;
    stream.exceptions(std::ios::failbit | std::ios::badbit);
    stream.open(file, std::ios::binary | std::ios::trunc);
    stream << content;
    stream.close();
  }

 private:
  static std::filesystem::path make_folder() {
    std::string name = std::filesystem::temp_directory_path() / "kernel_tree.XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) {
      throw std::system_error(errno, std::generic_category(), "mkdtemp " + name);
    }
    return name;
  }

  std::filesystem::path root_;
};

}  // namespace plimsoll
