#include "models/pull.h"

#include <sys/statvfs.h>

#include <array>
#include <cstdio>
#include <fstream>
#include <limits>
#include <optional>
#include <system_error>
#include <utility>

#include "models/model_folder.h"
#include "models/part_file.h"
#include "models/sha256.h"
#include "plimsoll/size.h"

namespace plimsoll::models {

namespace fs = std::filesystem;

namespace {

// Left alone, so that the rest of the system can go on.
constexpr std::uint64_t kLeaveFree = 64 * kMiB;

std::uint64_t free_bytes_of(const fs::path& folder) {
  struct statvfs status{};
  if (::statvfs(folder.c_str(), &status) != 0) return std::numeric_limits<std::uint64_t>::max();
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

bool begins_as_gguf(const fs::path& path) {
  std::array<char, 4> magic{};
  std::ifstream file(path, std::ios::binary);
  return file.read(magic.data(), magic.size()) && std::string_view(magic.data(), magic.size()) == "GGUF";
}

std::optional<PulledFile> already_here(const FileToPull& file, const fs::path& target) {
  std::error_code error;
  if (!fs::is_regular_file(target, error)) return std::nullopt;
  const std::uint64_t bytes = fs::file_size(target, error);
  if (error || (file.bytes && bytes != *file.bytes)) return std::nullopt;
  return PulledFile{.path = target, .bytes = bytes, .how = PulledFile::How::was_here};
}

class Pull {
 public:
  Pull(const ModelToPull& model, const PullSettings& settings, const CancelFlag& cancel)
      : model_(model), settings_(settings), cancel_(cancel) {}

  Expected<PulledModel> into(const fs::path& folder) {
    PulledModel pulled{.name = model_.name, .folder = folder};
    for (const FileToPull* file : in_order()) {
      if (auto found = without_network(*file, folder)) {
        if (!*found) return tl::unexpected(found->error());
        pulled.files.push_back(std::move(**found));
      } else {
        to_download_.push_back(file);
      }
    }
    if (auto room = check_room(folder); !room) return tl::unexpected(room.error());
    for (const FileToPull* file : to_download_) {
      auto downloaded = fetch(*file, folder / file_name(*file));
      if (!downloaded) return tl::unexpected(downloaded.error());
      pulled.files.push_back(std::move(*downloaded));
    }
    return pulled;
  }

 private:
  std::vector<const FileToPull*> in_order() const {
    std::vector<const FileToPull*> files;
    if (model_.vision) files.push_back(&*model_.vision);
    files.push_back(&model_.text);
    return files;
  }

  // Empty: only the network has it.
  std::optional<Expected<PulledFile>> without_network(const FileToPull& file, const fs::path& folder) {
    const fs::path target = folder / file_name(file);
    if (auto here = already_here(file, target)) return std::move(*here);
    for (const FoundFile& found : settings_.caches.find(model_.repository, file.path)) {
      const auto right = is_right(file, found);
      if (!right) return tl::unexpected(right.error());
      if (*right) return link(found, target);
    }
    return std::nullopt;
  }

  // Only the hash proves it: a file of that name may be another program's interrupted download.
  Expected<bool> is_right(const FileToPull& file, const FoundFile& found) const {
    const std::string sha256 = file.sha256.empty() ? found.sha256 : file.sha256;
    const bool may_be = (!file.bytes || *file.bytes == found.bytes) && begins_as_gguf(found.path);
    if (!may_be || (sha256.empty() && !file.bytes)) return false;
    if (!sha256.empty()) {
      const auto actual = sha256_of(found.path, cancel_, [&](std::uint64_t done) {
        if (!settings_.download.on_progress) return;
        settings_.download.on_progress(
            {DownloadProgress::Phase::checking, file_name(file), done, found.bytes, {}});
      });
      if (!actual && actual.error().code == ErrorCode::cancelled) return tl::unexpected(actual.error());
      if (!actual || *actual != sha256) return false;
    }
    return !settings_.download.check || settings_.download.check(found.path).has_value();
  }

  Expected<PulledFile> link(const FoundFile& found, const fs::path& target) const {
    const fs::path draft = target.parent_path() / ".link";
    std::error_code error;
    fs::remove(draft, error);
    fs::create_symlink(fs::absolute(found.path), draft, error);
    if (!error) fs::rename(draft, target, error);
    if (error) return fail(ErrorCode::io, target.string() + ": cannot be linked: " + error.message());
    return PulledFile{.path = target,
                      .bytes = found.bytes,
                      .how = PulledFile::How::linked,
                      .found = found.path,
                      .program = found.program};
  }

  Expected<void> check_room(const fs::path& folder) const {
    std::uint64_t needed = 0;
    for (const FileToPull* file : to_download_) {
      const std::uint64_t there = bytes_left_behind(folder / file_name(*file));
      if (file->bytes && *file->bytes > there) needed += *file->bytes - there;
    }
    const std::uint64_t free = settings_.free_bytes ? settings_.free_bytes(folder) : free_bytes_of(folder);
    if (needed == 0 || free >= needed + kLeaveFree) return {};
    return fail(ErrorCode::io,
                model_.name + ": the disk of " + folder.parent_path().string() + " lacks " +
                    format_size(needed + kLeaveFree - free) + ": " + format_size(needed) +
                    " are to come and " + format_size(free) +
                    " are free; make room, or set PLIMSOLL_MODELS to a folder on another disk");
  }

  Expected<PulledFile> fetch(const FileToPull& file, const fs::path& target) const {
    const RemoteFile remote{file_url(settings_.hub, model_.repository, model_.revision, file.path),
                            model_.repository, file};
    DownloadOptions options = settings_.download;
    options.token = settings_.hub.token;
    if (auto done = download(remote, target, options, cancel_); !done) return tl::unexpected(done.error());
    std::error_code error;
    return PulledFile{.path = target, .bytes = fs::file_size(target, error)};
  }

  const ModelToPull& model_;
  const PullSettings& settings_;
  const CancelFlag& cancel_;
  std::vector<const FileToPull*> to_download_;
};

}  // namespace

Expected<PulledModel> pull(const ModelToPull& model, const PullSettings& settings, const CancelFlag& cancel) {
  auto folder = ModelFolder::open(settings.models, model);
  if (!folder) return tl::unexpected(folder.error());
  auto pulled = Pull(model, settings, cancel).into(folder->path());
  if (!pulled) folder->leave_if_empty();
  return pulled;
}

}  // namespace plimsoll::models
