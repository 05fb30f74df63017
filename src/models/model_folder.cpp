#include "models/model_folder.h"

#include <fcntl.h>
#include <sys/file.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <system_error>
#include <utility>

namespace plimsoll::models {

namespace fs = std::filesystem;

namespace {

constexpr const char* kOriginFile = "origin.json";
constexpr const char* kLockFile = ".lock";
constexpr mode_t kOwnerWrites = 0644;

Expected<void> write_origin(const fs::path& folder, const ModelToPull& model) {
  const fs::path path = folder / kOriginFile, draft = folder / ".origin.json.new";
  const nlohmann::ordered_json json{{"repository", model.repository}, {"revision", model.revision}};
  std::ofstream file(draft);
  file << json.dump(2) << "\n" << std::flush;
  if (!file || std::rename(draft.c_str(), path.c_str()) != 0) {
    return fail(ErrorCode::io, path.string() + ": " + std::strerror(errno));
  }
  return {};
}

bool holds_a_model(const fs::path& folder) {
  std::error_code error;
  for (auto entry = fs::directory_iterator(folder, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    if (entry->path().extension() == ".gguf") return true;
  }
  return false;
}

Expected<void> check_owner(const fs::path& folder, const ModelToPull& model) {
  const std::string origin = origin_of(folder);
  if (origin == model.repository) return {};
  if (origin.empty() && !holds_a_model(folder)) return {};
  return fail(ErrorCode::invalid_argument,
              folder.string() + ": holds " +
                  (origin.empty() ? "a model that was not pulled" : "the files of " + origin) +
                  "; give the new one another name with --name");
}

}  // namespace

ModelFolder::ModelFolder(fs::path path, FileDescriptor lock)
    : path_(std::move(path)), lock_(std::move(lock)) {}

Expected<ModelFolder> ModelFolder::open(const fs::path& models, const ModelToPull& model) {
  if (model.name.empty() || model.name.starts_with('.') || model.name.find('/') != std::string::npos) {
    return fail(ErrorCode::invalid_argument,
                "\"" + model.name + "\" can not be a model's name; give one without slashes with --name");
  }
  const fs::path folder = models / model.name;
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) {
    return fail(ErrorCode::io, folder.string() + ": cannot be made: " + error.message() +
                                   "; set PLIMSOLL_MODELS to a folder of yours");
  }
  const fs::path path = folder / kLockFile;
  FileDescriptor lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, kOwnerWrites));
  if (!lock.is_open()) return fail(ErrorCode::io, path.string() + ": " + std::strerror(errno));
  if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
    return fail(ErrorCode::busy,
                model.name + ": another plimsoll pull is fetching it; wait for that one, or stop it");
  }
  if (auto ours = check_owner(folder, model); !ours) return tl::unexpected(ours.error());
  if (auto written = write_origin(folder, model); !written) return tl::unexpected(written.error());
  return ModelFolder(folder, std::move(lock));
}

void ModelFolder::leave_if_empty() const {
  std::error_code error;
  for (auto entry = fs::directory_iterator(path_, error); !error && entry != fs::directory_iterator();
       entry.increment(error)) {
    const std::string name = entry->path().filename();
    if (name == kOriginFile || name == kLockFile) continue;
    if (entry->path().extension() != ".part" || entry->file_size(error) > 0) return;
  }
  fs::remove_all(path_, error);
}

std::string origin_of(const fs::path& folder) {
  std::ifstream file(folder / kOriginFile);
  const auto json = nlohmann::json::parse(file, nullptr, false);
  return json.is_object() && json.contains("repository") && json["repository"].is_string()
             ? json["repository"].get<std::string>()
             : "";
}

}  // namespace plimsoll::models
