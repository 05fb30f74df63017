// The keys and values of one sequence as llama.cpp writes them down, so that contexts with another number of
// sequences can read them: it lists all of a context's sequences before them, the empty ones as zeros.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "llama.h"

namespace plimsoll::engine {

/// How many sequences a context of the model can have so that each can be cut off, saved and restored alone:
/// those whose memory is keys and values of every position, and no window or state beside them.
inline int most_sequences(const llama_model* model) {
  constexpr int kMost = 64;
  const bool plain =
      !llama_model_is_recurrent(model) && !llama_model_is_hybrid(model) && llama_model_n_swa(model) == 0;
  return plain ? kMost : 1;
}

/// Memory for one: what llama.cpp wrote, behind room for as long a list as there can be.
class SequenceState {
 public:
  /// Beside what llama_state_seq_get_size() says.
  static constexpr std::size_t kListBytes = 512;

  explicit SequenceState(std::byte* memory) : memory_(memory) {}

  /// Where llama.cpp writes the sequence `id`.
  std::uint8_t* to_write(llama_seq_id id) const { return at(kCount - kHead - word(id)); }
  /// What was written is of the sequence `id`: keep what comes before the list.
  void written(llama_seq_id id) const { std::memcpy(memory_, to_write(id), kMark); }
  /// Where llama.cpp reads it for a context of `sequences`; makes the list for that.
  const std::uint8_t* to_read(int sequences) const {
    std::uint8_t* const start = at(kCount - kHead - word(sequences - 1));
    const auto streams = static_cast<std::uint32_t>(sequences);
    std::memcpy(start, memory_, kMark);
    std::memcpy(start + kMark, &streams, sizeof streams);
    std::memset(start + kHead, 0, word(sequences - 1));
    return start;
  }
  std::size_t offset(const std::uint8_t* place) const {
    return static_cast<std::size_t>(place - reinterpret_cast<std::uint8_t*>(memory_));
  }

 private:
  static constexpr std::size_t kMark = 8;   // llama.cpp's mark, and the sequence's number
  static constexpr std::size_t kHead = 12;  // and how many sequences follow
  static constexpr std::size_t kCount = kListBytes;
  static std::size_t word(int count) { return static_cast<std::size_t>(count) * sizeof(std::uint32_t); }
  std::uint8_t* at(std::size_t offset) const { return reinterpret_cast<std::uint8_t*>(memory_ + offset); }

  std::byte* memory_;
};

}  // namespace plimsoll::engine
