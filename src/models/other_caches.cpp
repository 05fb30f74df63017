#include "models/other_caches.h"

#include <algorithm>
#include <system_error>

#include "models/sha256.h"

namespace plimsoll::models {

namespace fs = std::filesystem;

namespace {

constexpr std::string_view kRepositoryFolder = "models--";

std::string replaced(std::string text, std::string_view what, std::string_view by) {
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
    text.replace(at, what.size(), by);
  }
  return text;
}

fs::path below_caches(const Environment& environment, const fs::path& folder) {
  const fs::path cache = environment("XDG_CACHE_HOME");
  if (!cache.empty()) return cache / folder;
  const fs::path home = environment("HOME");
  return home.empty() ? fs::path() : home / ".cache" / folder;
}

fs::path llama_cache(const Environment& environment) {
  const fs::path named = environment("LLAMA_CACHE");
  return named.empty() ? below_caches(environment, "llama.cpp") : named;
}

fs::path hub_cache(const Environment& environment) {
  for (const char* const variable : {"HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"}) {
    if (fs::path named = environment(variable); !named.empty()) return named;
  }
  const fs::path home = environment("HF_HOME");
  return home.empty() ? below_caches(environment, fs::path("huggingface") / "hub") : home / "hub";
}

// A folder that is not there is an empty one.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    entries.push_back(entry->path());
  }
  std::ranges::sort(entries);
  return entries;
}

void add_file(std::vector<FoundFile>& found, FoundFile file) {
  std::error_code error;
  if (!fs::is_regular_file(file.path, error)) return;  // a link whose end is gone
  file.bytes = fs::file_size(file.path, error);
  // The client keeps a file of the hub under the name of its hash, and links to it.
  const std::string name = fs::read_symlink(file.path, error).filename().string();
  if (!error && is_sha256(name)) file.sha256 = name;
  found.push_back(std::move(file));
}

// models--OWNER--REPO/snapshots/REVISION/FILE
void add_snapshots(std::vector<FoundFile>& found, const std::string& program, const fs::path& repository) {
  std::string name = repository.filename().string().substr(kRepositoryFolder.size());
  if (const auto dashes = name.find("--"); dashes != std::string::npos) name.replace(dashes, 2, "/");
  for (const fs::path& revision : entries_of(repository / "snapshots")) {
    std::error_code error;
    for (auto entry = fs::recursive_directory_iterator(revision, error);
         !error && entry != fs::recursive_directory_iterator(); entry.increment(error)) {
      if (entry->path().extension() != ".gguf") continue;
      add_file(found, {.program = program, .path = entry->path(), .repository = name});
    }
  }
}

}  // namespace

OtherCaches::OtherCaches(const Environment& environment) {
  if (fs::path folder = llama_cache(environment); !folder.empty()) caches_.push_back({"llama.cpp", folder});
  if (fs::path folder = hub_cache(environment); !folder.empty()) {
    if (caches_.empty() || caches_.front().folder != folder) caches_.push_back({"Hugging Face", folder});
  }
}

std::vector<FoundFile> OtherCaches::all() const {
  std::vector<FoundFile> found;
  for (const auto& [program, folder] : caches_) {
    for (const fs::path& entry : entries_of(folder)) {
      const std::string name = entry.filename().string();
      if (name.starts_with(kRepositoryFolder)) add_snapshots(found, program, entry);
      if (entry.extension() == ".gguf") add_file(found, {.program = program, .path = entry});
    }
  }
  return found;
}

std::vector<FoundFile> OtherCaches::find(const std::string& repository, const std::string& file) const {
  // llama.cpp's older cache is one folder: OWNER_REPO_FILE, with the slashes of FILE replaced too.
  const std::string flat = replaced(repository + "/" + file, "/", "_");
  std::vector<FoundFile> found = all();
  std::erase_if(found, [&](const FoundFile& candidate) {
    if (candidate.repository.empty()) return candidate.path.filename() != flat;
    const std::string path = candidate.path.generic_string();
    return candidate.repository != repository || !path.ends_with("/" + file);
  });
  for (FoundFile& candidate : found) candidate.repository = repository;
  return found;
}

}  // namespace plimsoll::models
