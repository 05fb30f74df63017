// A file mapped for reading. Linux kills a process that touches a mapped page whose file was cut short, or
// whose disk fails; here such a page reads as zeros, and damaged() says that it happened.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>

namespace plimsoll::engine {

class MappedFile {
 public:
  /// nullptr when it can not be mapped (errno says why). Puts a handler for SIGBUS in place, once per
  /// process, which passes on what does not concern a MappedFile.
  static std::unique_ptr<MappedFile> map(int descriptor, std::size_t bytes);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::byte* data() const { return data_; }
  std::size_t bytes() const { return bytes_; }
  bool damaged() const;

  /// Brings pages into memory, blocking. What can not be read is left out.
  void populate(std::size_t offset, std::size_t bytes) const;
  /// Takes pages out of this process; they come back when they are touched.
  void drop(std::size_t offset, std::size_t bytes) const;
  /// Says that pages will be read here and there, so that none are read ahead.
  void expect_scattered_reads(std::size_t offset, std::size_t bytes) const;

 private:
  struct Guard;
  MappedFile(std::byte* data, std::size_t bytes, Guard* guard) : data_(data), bytes_(bytes), guard_(guard) {}

  std::byte* data_;
  std::size_t bytes_;
  Guard* guard_;
};

}  // namespace plimsoll::engine
