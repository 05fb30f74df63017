// Memory of a process that grows and shrinks as it is told.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdlib>

namespace plimsoll::test {

class HeldMemory {
 public:
  /// Holds nothing at first. Ends the process when there is no address space for it.
  explicit HeldMemory(std::size_t most_bytes) {
    data_ = static_cast<char*>(
        mmap(nullptr, most_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    if (data_ == MAP_FAILED) std::_Exit(1);
  }

  /// So many bytes, in whole pages, are really there after it. REQUIRES: bytes <= most_bytes.
  void hold(std::size_t bytes) {
    constexpr std::size_t kPage = 4096;
    bytes = bytes / kPage * kPage;
    if (bytes < held_) madvise(data_ + bytes, held_ - bytes, MADV_DONTNEED);
    for (; held_ < bytes; held_ += kPage) data_[held_] = 1;
    held_ = bytes;
  }

 private:
  char* data_ = nullptr;
  std::size_t held_ = 0;
};

}  // namespace plimsoll::test
