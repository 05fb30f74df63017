// Files that other programs have downloaded already: llama.cpp's cache and the Hugging Face client's. They
// are used where they lie. Reads folders only; thread-safe.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/environment.h"

namespace plimsoll::models {

struct FoundFile {
  std::string program;         // "llama.cpp" or "Hugging Face"
  std::filesystem::path path;  // as found, which may be a link
  std::uint64_t bytes = 0;
  std::string repository{};  // OWNER/REPO where the place says it
  std::string sha256{};      // where the place says it; nobody has checked it
};

class OtherCaches {
 public:
  /// llama.cpp: $LLAMA_CACHE, else llama.cpp below $XDG_CACHE_HOME or ~/.cache. Hugging Face: $HF_HUB_CACHE,
  /// $HUGGINGFACE_HUB_CACHE, $HF_HOME/hub, else huggingface/hub below $XDG_CACHE_HOME or ~/.cache. Newer
  /// releases of llama.cpp keep the client's layout in theirs, so that each is read in both ways.
  explicit OtherCaches(const Environment& environment);

  /// Copies of one file of a repository, of any revision.
  std::vector<FoundFile> find(const std::string& repository, const std::string& file) const;

  /// All GGUF files, in the order of their paths.
  std::vector<FoundFile> all() const;

 private:
  struct Cache {
    std::string program;
    std::filesystem::path folder;
  };
  std::vector<Cache> caches_;
};

}  // namespace plimsoll::models
