// A language model's file, or its parts, as a place to take weights from: by mapping, or by reading. Reading
// never dies of a file that was cut short meanwhile; MappedFile says how mapping does not either. Thread-safe
// once open.
#pragma once

#include <cstddef>
#include <cstdint>
#include <ctime>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/file_descriptor.h"
#include "engine/mapped_file.h"
#include "plimsoll/error.h"

namespace plimsoll::engine {

class GgufHeader;

class WeightFile {
 public:
  struct Place {
    std::size_t part = 0;
    std::uint64_t offset = 0;  // from the beginning of that part
    std::size_t bytes = 0;
  };

  /// `path` is the only part, or the first ("-00001-of-0000N.gguf"). Fails as GgufHeader::read() does.
  static Expected<std::unique_ptr<WeightFile>> open(const std::filesystem::path& path);

  /// Where a tensor's data lies; nullptr when the file has no such tensor.
  const Place* find(const std::string& tensor) const;

  /// Reads all of `place`. Fails with `io`.
  Expected<void> read(const Place& place, std::byte* target) const;

  /// Reads `place` past the page cache where the file system can: what is read once a token would only push
  /// out what others need. Whole blocks are read: `target` is page-aligned and has room for
  /// span_bytes(place), and the data begins begin_in_span(place) bytes into it. Fails with `io`.
  Expected<void> read_span(const Place& place, std::byte* target) const;
  static std::size_t span_bytes(const Place& place);
  static std::size_t begin_in_span(const Place& place) { return place.offset % kBlockBytes; }

  /// The part's mapping, made when it is first asked for. Fails with `io`.
  Expected<MappedFile*> map(std::size_t part);

  /// Whether a mapped page could not be read, or somebody wrote to the file since it was opened: what was
  /// computed since is worthless. A new file in the old one's place does no harm. Cheap: one system call.
  bool damaged() const;
  Error damage_error() const;

 private:
  static constexpr std::uint64_t kBlockBytes = 4096;  // direct reads begin and end at multiples of it

  struct Part {
    std::filesystem::path path;
    FileDescriptor file;
    FileDescriptor direct;  // closed where the file system has no direct reads
    std::uint64_t size = 0;
    timespec written{};  // when it was opened
    std::unique_ptr<MappedFile> mapping;

    bool damaged() const;
  };

  Expected<void> open_part(const std::filesystem::path& path);
  Expected<void> open_part(const std::filesystem::path& path, const GgufHeader& header);
  Expected<void> read_at(const Part& part, int descriptor, std::uint64_t offset, std::size_t bytes,
                         std::size_t required, std::byte* target) const;

  std::vector<Part> parts_;
  std::unordered_map<std::string, Place> places_;
};

}  // namespace plimsoll::engine
