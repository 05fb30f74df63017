// What a pull fetches: a language model and its vision encoder in one repository. Plain values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace plimsoll::models {

struct FileToPull {
  std::string path;                      // inside the repository
  std::optional<std::uint64_t> bytes{};  // empty: not known before the server says it
  std::string sha256{};                  // 64 lower-case hexadecimal digits; empty: not known
};

struct ModelToPull {
  std::string name;        // its folder's
  std::string repository;  // OWNER/REPO on the hub
  std::string revision;    // a commit, or "main"
  FileToPull text{};
  std::optional<FileToPull> vision{};
};

/// The last part of a file's path in its repository: the name that it gets here.
inline std::string file_name(const FileToPull& file) {
  return file.path.substr(file.path.find_last_of('/') + 1);
}

}  // namespace plimsoll::models
