// The buffers that are out, and those of them that may have pages which nobody has written to.
#pragma once

#include <plimsoll/memory.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace plimsoll::memory {

/// Not thread-safe; its owner locks.
class LiveBuffers {
 public:
  /// One buffer between add() and remove(), or between two times that it was zeroed.
  struct Span {
    std::byte* data;
    std::size_t bytes;
    std::uint64_t serial;
  };

  void add(std::byte* data, std::size_t bytes) { spans_[data] = {{data, bytes, ++last_serial_}, false}; }
  void remove(std::byte* data) { spans_.erase(data); }
  /// Its pages may have left. REQUIRES: it was added.
  void note_zeroed(std::byte* data) { add(data, spans_[data].span.bytes); }

  /// Pages of a buffer leave only when it is zeroed or goes, so one that was full once is not looked at
  /// again. What is swapped out of it is not to come: the kernel can swap it out another time.
  std::vector<Span> perhaps_untouched() const {
    std::vector<Span> spans;
    for (const auto& [data, known] : spans_) {
      if (!known.full) spans.push_back(known.span);
    }
    return spans;
  }
  /// No effect where the buffer has gone or was zeroed meanwhile.
  void note_full(const Span& span) {
    const auto found = spans_.find(span.data);
    if (found != spans_.end() && found->second.span.serial == span.serial) found->second.full = true;
  }

 private:
  struct Known {
    Span span;
    bool full = false;
  };
  std::map<std::byte*, Known> spans_;
  std::uint64_t last_serial_ = 0;
};

}  // namespace plimsoll::memory
