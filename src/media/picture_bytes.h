// The compressed bytes of a picture, wherever they are.
#pragma once

#include <plimsoll/media.h>
#include <unistd.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace plimsoll::media {

/// An open file, or memory that the caller keeps. Move-only; read_at() is thread-safe.
class PictureBytes {
 public:
  static Expected<PictureBytes> open(const ImageSource& source);
  PictureBytes(PictureBytes&& other) noexcept
      : file_(std::exchange(other.file_, -1)), memory_(other.memory_), size_(other.size_) {}
  PictureBytes& operator=(PictureBytes&&) = delete;
  ~PictureBytes() {
    if (file_ >= 0) ::close(file_);
  }

  bool is_file() const { return file_ >= 0; }
  std::span<const std::byte> memory() const { return std::as_bytes(std::span(memory_)); }
  std::uint64_t size() const { return size_; }
  /// Up to into.size() bytes; 0 at the end, -1 with errno when the file can not be read.
  std::int64_t read_at(std::uint64_t offset, std::span<std::byte> into) const;

 private:
  explicit PictureBytes(int file) : file_(file) {}
  explicit PictureBytes(std::string_view memory) : memory_(memory), size_(memory.size()) {}
  Expected<void> check_file(const std::string& name);

  int file_ = -1;
  std::string_view memory_;
  std::uint64_t size_ = 0;
};

}  // namespace plimsoll::media
