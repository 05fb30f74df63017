// What callers hold of a pool: charges and memory that go back when they go.
#include <utility>

#include "plimsoll/memory.h"

namespace plimsoll {

Reservation::Reservation(std::shared_ptr<MemoryPool> pool, MemoryHolder holder, std::size_t bytes,
                         bool pending)
    : pool_(std::move(pool)), holder_(holder), bytes_(bytes), pending_(pending) {}

Reservation::Reservation(Reservation&& other) noexcept
    : pool_(std::move(other.pool_)),
      holder_(other.holder_),
      bytes_(std::exchange(other.bytes_, 0)),
      pending_(other.pending_) {}

Reservation& Reservation::operator=(Reservation&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::move(other.pool_);
  holder_ = other.holder_;
  bytes_ = std::exchange(other.bytes_, 0);
  pending_ = other.pending_;
  return *this;
}

void Reservation::release() noexcept {
  if (pool_) pool_->refund(holder_, bytes_, pending_);
  pool_.reset();
  bytes_ = 0;
}

void Reservation::shrink_to(std::size_t bytes) noexcept {
  if (!pool_ || bytes >= bytes_) return;
  pool_->refund(holder_, bytes_ - bytes, pending_);
  bytes_ = bytes;
}

void Reservation::mark_taken() noexcept {
  if (pool_ && std::exchange(pending_, false)) pool_->fulfil(bytes_);
}

Buffer::Buffer(std::shared_ptr<MemoryPool> pool, MemoryHolder holder, std::byte* data, std::size_t size)
    : pool_(std::move(pool)), holder_(holder), data_(data), size_(size) {}

Buffer::Buffer(Buffer&& other) noexcept
    : pool_(std::move(other.pool_)),
      holder_(other.holder_),
      data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)) {}

Buffer& Buffer::operator=(Buffer&& other) noexcept {
  if (this == &other) return *this;
  release();
  pool_ = std::move(other.pool_);
  holder_ = other.holder_;
  data_ = std::exchange(other.data_, nullptr);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void Buffer::zero() noexcept {
  if (pool_) pool_->zero(data_, size_);
}

void Buffer::prefer_large_pages() noexcept {
  if (pool_) pool_->prefer_large_pages(data_, size_);
}

void Buffer::release() noexcept {
  if (pool_) pool_->take_back(holder_, data_, size_);
  pool_.reset();
  data_ = nullptr;
  size_ = 0;
}

MappedNote::MappedNote(std::shared_ptr<MemoryPool> pool, std::size_t bytes)
    : pool_(std::move(pool)), bytes_(bytes) {}

MappedNote::MappedNote(MappedNote&& other) noexcept
    : pool_(std::move(other.pool_)), bytes_(std::exchange(other.bytes_, 0)) {}

MappedNote& MappedNote::operator=(MappedNote&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(bytes_, other.bytes_);
  return *this;
}

MappedNote::~MappedNote() {
  if (pool_) pool_->forget_mapped(bytes_);
}

}  // namespace plimsoll
