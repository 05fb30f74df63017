#include "engine/weight_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "engine/gguf_header.h"
#include "llama.h"

namespace plimsoll::engine {

namespace {

int part_count(const gguf_context* header) {
  const auto id = gguf_find_key(header, "split.count");
  return id >= 0 && gguf_get_kv_type(header, id) == GGUF_TYPE_UINT16
             ? std::max<int>(1, gguf_get_val_u16(header, id))
             : 1;
}

// The name of part `index` of `count`, given the first one's; empty when that is not named as a first part.
std::filesystem::path part_path(const std::filesystem::path& first, int index, int count) {
  std::array<char, 4096> prefix{}, path{};
  if (llama_split_prefix(prefix.data(), prefix.size(), first.c_str(), 0, count) <= 0) return {};
  llama_split_path(path.data(), path.size(), prefix.data(), index, count);
  return path.data();
}

timespec write_time(const struct stat& status) {
#ifdef __APPLE__
  return status.st_mtimespec;
#else
  return status.st_mtim;
#endif
}

Error changed(const std::filesystem::path& path) {
  return {ErrorCode::io,
          path.string() +
              ": was changed, or can no longer be read, while the model was in use; restore it "
              "and load the model again"};
}

}  // namespace

Expected<std::unique_ptr<WeightFile>> WeightFile::open(const std::filesystem::path& path) {
  auto file = std::make_unique<WeightFile>();
  const auto header = GgufHeader::read(path);
  if (!header) return tl::unexpected(header.error());
  const int parts = part_count(header->get());
  for (int i = 0; i < parts; ++i) {
    const auto part = i == 0 ? path : part_path(path, i, parts);
    if (part.empty()) {
      return fail(ErrorCode::invalid_argument,
                  path.string() +
                      ": is not the first part of a model in parts; name the one that ends in -00001-of-...");
    }
    auto opened = i == 0 ? file->open_part(part, *header) : file->open_part(part);
    if (!opened) return tl::unexpected(opened.error());
  }
  return file;
}

Expected<void> WeightFile::open_part(const std::filesystem::path& path) {
  const auto header = GgufHeader::read(path);
  return header ? open_part(path, *header) : tl::unexpected(header.error());
}

Expected<void> WeightFile::open_part(const std::filesystem::path& path, const GgufHeader& header) {
  Part part;
  part.path = path;
  part.file = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status{};
  if (!part.file.is_open() || fstat(part.file.get(), &status) != 0) {
    return fail(ErrorCode::io, path.string() + ": can not be read (" + std::strerror(errno) + ")");
  }
  part.size = static_cast<std::uint64_t>(status.st_size);
  part.written = write_time(status);
#ifdef O_DIRECT
  part.direct = FileDescriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_DIRECT));
#endif
  const gguf_context* tensors = header.get();
  for (int64_t i = 0; i < gguf_get_n_tensors(tensors); ++i) {
    const Place place{parts_.size(), gguf_get_data_offset(tensors) + gguf_get_tensor_offset(tensors, i),
                      gguf_get_tensor_size(tensors, i)};
    if (place.offset + place.bytes > part.size) return tl::unexpected(cut_short_error(path));
    places_.emplace(gguf_get_tensor_name(tensors, i), place);
  }
  parts_.push_back(std::move(part));
  return {};
}

const WeightFile::Place* WeightFile::find(const std::string& tensor) const {
  const auto found = places_.find(tensor);
  return found == places_.end() ? nullptr : &found->second;
}

// Reads up to `bytes`; fewer than `required` is an error: the file ends too soon.
Expected<void> WeightFile::read_at(const Part& part, int descriptor, std::uint64_t offset, std::size_t bytes,
                                   std::size_t required, std::byte* target) const {
  std::size_t done = 0;
  while (done < required) {
    const ssize_t count = pread(descriptor, target + done, bytes - done, static_cast<off_t>(offset + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) {
      return tl::unexpected(read_error(part.path, errno));
    }
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  if (done < required) return tl::unexpected(changed(part.path));
  return {};
}

Expected<void> WeightFile::read(const Place& place, std::byte* target) const {
  const Part& part = parts_[place.part];
  return read_at(part, part.file.get(), place.offset, place.bytes, place.bytes, target);
}

std::size_t WeightFile::span_bytes(const Place& place) {
  const std::size_t bytes = begin_in_span(place) + place.bytes;
  return (bytes + kBlockBytes - 1) / kBlockBytes * kBlockBytes;
}

Expected<void> WeightFile::read_span(const Place& place, std::byte* target) const {
  const Part& part = parts_[place.part];
  const std::uint64_t begin = place.offset - begin_in_span(place);
  const std::size_t required = begin_in_span(place) + place.bytes;
  if (part.direct.is_open() && read_at(part, part.direct.get(), begin, span_bytes(place), required, target)) {
    return {};
  }
  // A file system may accept the flag and refuse the read.
  auto done = read_at(part, part.file.get(), begin, required, required, target);
#ifdef POSIX_FADV_DONTNEED
  posix_fadvise(part.file.get(), static_cast<off_t>(begin), static_cast<off_t>(required),
                POSIX_FADV_DONTNEED);
#endif
  return done;
}

Expected<MappedFile*> WeightFile::map(std::size_t index) {
  Part& part = parts_[index];
  if (!part.mapping) part.mapping = MappedFile::map(part.file.get(), part.size);
  if (!part.mapping) {
    return fail(ErrorCode::io, part.path.string() + ": can not be mapped (" + std::strerror(errno) + ")");
  }
  return part.mapping.get();
}

bool WeightFile::Part::damaged() const {
  if (mapping && mapping->damaged()) return true;
  struct stat now = {};
  if (fstat(file.get(), &now) != 0) return true;
  const timespec latest = write_time(now);
  return static_cast<std::uint64_t>(now.st_size) != size || latest.tv_sec != written.tv_sec ||
         latest.tv_nsec != written.tv_nsec;
}

bool WeightFile::damaged() const {
  return std::any_of(parts_.begin(), parts_.end(), [](const Part& part) { return part.damaged(); });
}

Error WeightFile::damage_error() const {
  const auto found =
      std::find_if(parts_.begin(), parts_.end(), [](const Part& part) { return part.damaged(); });
  return changed(found != parts_.end() ? found->path : parts_.front().path);
}

}  // namespace plimsoll::engine
