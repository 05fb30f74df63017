// An LRU cache of things that have a size: what was given back and may be used again. It neither knows
// what it caches nor owns it. Not thread-safe; its owner locks.
#pragma once

#include <cstddef>
#include <iterator>
#include <list>
#include <map>
#include <optional>
#include <utility>

namespace plimsoll::memory {

template <typename T>
class BufferCache {
 public:
  struct Entry {
    T value;
    std::size_t bytes;
  };

  std::size_t bytes() const { return bytes_; }
  bool empty() const { return by_age_.empty(); }

  void insert(T value, std::size_t bytes) {
    by_age_.push_front(Entry{std::move(value), bytes});
    by_size_.emplace(bytes, by_age_.begin());
    bytes_ += bytes;
  }

  /// The smallest entry of at least `bytes` and at most `most`.
  std::optional<Entry> take(std::size_t bytes, std::size_t most) {
    auto found = by_size_.lower_bound(bytes);
    if (found == by_size_.end() || found->first > most) return std::nullopt;
    return remove(found);
  }

  /// The entry that waited longest. REQUIRES: not empty.
  Entry take_oldest() {
    auto oldest = std::prev(by_age_.end());
    auto found = by_size_.lower_bound(oldest->bytes);
    while (found->second != oldest) ++found;
    return remove(found);
  }

 private:
  using ByAge = std::list<Entry>;
  using BySize = std::multimap<std::size_t, typename ByAge::iterator>;

  Entry remove(typename BySize::iterator found) {
    Entry entry = std::move(*found->second);
    by_age_.erase(found->second);
    by_size_.erase(found);
    bytes_ -= entry.bytes;
    return entry;
  }

  ByAge by_age_;  // newest first
  BySize by_size_;
  std::size_t bytes_ = 0;
};

}  // namespace plimsoll::memory
