// The folder of one pulled model: who may write into it, and where its files are from. Move-only.
#pragma once

#include <filesystem>
#include <string>

#include "base/file_descriptor.h"
#include "models/model_to_pull.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

class ModelFolder {
 public:
  /// Makes the folder where it is missing, and keeps other pulls out of it as long as this lives.
  /// Fails with `busy` (another pull has it), `io`, or `invalid_argument` (the name can not be one; or the
  /// folder holds files of another repository, or a model that was not pulled).
  static Expected<ModelFolder> open(const std::filesystem::path& models, const ModelToPull& model);

  const std::filesystem::path& path() const { return path_; }

  /// Removes the folder unless it has some of the model.
  void leave_if_empty() const;

 private:
  ModelFolder(std::filesystem::path path, FileDescriptor lock);

  std::filesystem::path path_;
  FileDescriptor lock_;
};

/// OWNER/REPO that a folder was pulled from; empty where it was not.
std::string origin_of(const std::filesystem::path& folder);

}  // namespace plimsoll::models
