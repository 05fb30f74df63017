// Anonymous pages of the operating system: large buffers that leave the process the moment they are freed.
#pragma once

#include <plimsoll/memory.h>

namespace plimsoll::memory {

class AnonymousPages : public PageSource {
 public:
  std::byte* map(std::size_t bytes) override;
  void unmap(std::byte* data, std::size_t bytes) noexcept override;
  void zero(std::byte* data, std::size_t bytes) noexcept override;
  void prefer_large_pages(std::byte* data, std::size_t bytes) noexcept override;
  std::size_t resident_bytes(std::byte* data, std::size_t bytes) const noexcept override;
};

/// Addresses without memory: for plans, which ask for buffers that nobody touches. They count against no
/// limit.
class AddressesOnly : public PageSource {
 public:
  std::byte* map(std::size_t bytes) override;
  void unmap(std::byte* data, std::size_t bytes) noexcept override;
};

}  // namespace plimsoll::memory
