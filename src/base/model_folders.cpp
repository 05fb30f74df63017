#include "base/model_folders.h"

namespace plimsoll {

namespace fs = std::filesystem;

std::vector<fs::path> pulled_model_folders(const Environment& environment) {
  std::vector<fs::path> folders;
  if (const fs::path own = environment("PLIMSOLL_MODELS"); !own.empty()) folders.push_back(own);
  fs::path data = environment("XDG_DATA_HOME");
  if (!data.is_absolute()) {
    const fs::path home = environment("HOME");
    data = home.empty() ? fs::path() : home / ".local" / "share";
  }
  if (!data.empty()) folders.push_back(data / "plimsoll" / "models");
  return folders;
}

}  // namespace plimsoll
