#include "models/models_here.h"

#include <algorithm>
#include <optional>
#include <system_error>

#include "models/model_folder.h"

namespace plimsoll::models {

namespace fs = std::filesystem;

namespace {

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

std::optional<ModelHere> model_in(const fs::path& folder) {
  ModelHere model{.name = folder.filename().string(), .folder = folder, .repository = origin_of(folder)};
  bool any = false, text = false;
  for (const fs::path& entry : entries_of(folder)) {
    const bool part = entry.extension() == ".part";
    if (!part && entry.extension() != ".gguf") continue;
    any = true;
    text = text || (!part && entry.filename().string().find("mmproj") == std::string::npos);
    std::error_code error;
    const auto bytes = fs::file_size(entry, error);
    if (!error) model.bytes += bytes;
    model.lost = model.lost || static_cast<bool>(error);
    model.complete = model.complete && !part;
  }
  model.complete = model.complete && text;
  return any ? std::optional(std::move(model)) : std::nullopt;
}

}  // namespace

std::vector<ModelHere> models_in(const std::vector<fs::path>& folders) {
  std::vector<ModelHere> models;
  for (const fs::path& folder : folders) {
    for (const fs::path& entry : entries_of(folder)) {
      const bool known = std::ranges::count(models, entry.filename().string(), &ModelHere::name) > 0;
      std::error_code error;
      if (known || !fs::is_directory(entry, error)) continue;
      if (auto model = model_in(entry)) models.push_back(std::move(*model));
    }
  }
  return models;
}

}  // namespace plimsoll::models
