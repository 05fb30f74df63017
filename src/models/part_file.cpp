#include "models/part_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>
#include <utility>

namespace plimsoll::models {

namespace fs = std::filesystem;

namespace {

constexpr mode_t kReadableByAll = 0644;

fs::path with_ending(fs::path path, const char* ending) { return path += ending; }

fs::path part_of(const fs::path& target) { return with_ending(target, ".part"); }

fs::path etag_file(const fs::path& part) { return with_ending(part, ".etag"); }

tl::unexpected<Error> system_error(const fs::path& path) {
  if (errno == ENOSPC || errno == EDQUOT) {
    return fail(ErrorCode::io, path.parent_path().string() +
                                   ": the disk is full; make room and pull again, what has come is kept");
  }
  return fail(ErrorCode::io, path.string() + ": " + std::strerror(errno));
}

std::string content_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// A new name is only as durable as the folder that holds it.
void sync_folder(const fs::path& folder) {
  const FileDescriptor descriptor(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (descriptor.is_open()) ::fsync(descriptor.get());
}

}  // namespace

PartFile::PartFile(fs::path target, FileDescriptor file)
    : target_(std::move(target)), path_(part_of(target_)), file_(std::move(file)) {}

Expected<PartFile> PartFile::open(const fs::path& target) {
  const fs::path path = part_of(target);
  FileDescriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, kReadableByAll));
  struct stat status{};
  if (!file.is_open() || ::fstat(file.get(), &status) != 0) return system_error(path);
  if (::lseek(file.get(), 0, SEEK_END) < 0) return system_error(path);
  PartFile part(target, std::move(file));
  part.size_ = static_cast<std::uint64_t>(status.st_size);
  part.etag_ = content_of(etag_file(path));
  return part;
}

Expected<void> PartFile::restart(const std::string& etag) {
  if (::ftruncate(file_.get(), 0) != 0 || ::lseek(file_.get(), 0, SEEK_SET) < 0) return system_error(path_);
  size_ = 0;
  etag_ = etag;
  std::error_code ignored;
  fs::remove(etag_file(path_), ignored);
  if (etag.empty()) return {};
  std::ofstream file(etag_file(path_), std::ios::binary);
  if (!(file << etag << std::flush)) return system_error(path_);
  return {};
}

Expected<void> PartFile::append(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto count = ::write(file_.get(), bytes.data(), bytes.size());
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error(path_);
    size_ += static_cast<std::uint64_t>(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Expected<void> PartFile::finish() {
  if (::fsync(file_.get()) != 0) return system_error(path_);
  std::error_code ignored;
  fs::remove(etag_file(path_), ignored);
  if (::rename(path_.c_str(), target_.c_str()) != 0) return system_error(target_);
  sync_folder(target_.parent_path());
  return {};
}

void PartFile::discard() {
  std::error_code ignored;
  fs::remove(etag_file(path_), ignored);
  fs::remove(path_, ignored);
}

std::uint64_t bytes_left_behind(const fs::path& target) {
  std::error_code error;
  const auto bytes = fs::file_size(part_of(target), error);
  return error ? 0 : bytes;
}

}  // namespace plimsoll::models
