// Brings a model into the folder of models: from what other programs have already, or over the network. The
// language model comes last, because a folder without one is no model yet.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "models/download.h"
#include "models/hub.h"
#include "models/model_to_pull.h"
#include "models/other_caches.h"
#include "plimsoll/cancel.h"
#include "plimsoll/error.h"

namespace plimsoll::models {

struct PullSettings {
  std::filesystem::path models;  // where a folder for the model is made
  Hub hub;
  OtherCaches caches;
  DownloadOptions download{};
  /// Free bytes on the disk of a folder; empty: statvfs().
  std::function<std::uint64_t(const std::filesystem::path&)> free_bytes{};
};

struct PulledFile {
  enum class How { downloaded, was_here, linked };
  std::filesystem::path path;
  std::uint64_t bytes = 0;
  How how = How::downloaded;
  std::filesystem::path found{};  // linked: where it lies
  std::string program{};          // linked: whose it is
};

struct PulledModel {
  std::string name;
  std::filesystem::path folder;
  std::vector<PulledFile> files{};
};

/// Blocking. Fails as download() and ModelFolder::open() do, and with `io` where the disk has no room.
Expected<PulledModel> pull(const ModelToPull& model, const PullSettings& settings, const CancelFlag& cancel);

}  // namespace plimsoll::models
