// Giving memory back (spec sections 6 and 9.4). Whoever holds memory that can be made again registers a
// Reclaimer with the pool. The pool asks them when a charge does not fit; the ladder asks them when the
// device runs short, and measures what really came back.
//
//   ReclaimLadder ladder(pool, {.footprint_bytes = ...});
//   ladder.climb(ReclaimExtent::light, 50 * kMiB);
//   for (const ReclaimRecord& step : ladder.records_since(0)) ...
//
// Everything here is thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace plimsoll {

class MemoryPool;
namespace memory {
class RegisteredReclaimer;
}

/// What is given back first: the cheapest to have again.
///   buffer_cache      zeroed pages at the next allocation
///   image_embeddings  one encode, only when the same picture comes again and no prefix has it any more
///   prompt_prefixes   a prefill, only when the same beginning comes again
///   vision_encoder    its weights read again, at the next picture
///   context           everything said so far prefilled again, at the next question
///   model             all weights read again, before anything can be answered
enum class ReclaimRung {
  buffer_cache,
  image_embeddings,
  prompt_prefixes,
  vision_encoder,
  context,
  model,
};

/// "buffer cache", "image embeddings", "prompt prefixes", "vision encoder", "context", "model".
std::string_view to_string(ReclaimRung rung);

/// Somebody who holds memory that can be given back when another needs it.
/// Called without any lock of the pool or the ladder held, from any thread, from several at once, but never
/// again by a thread that is inside its reclaim() already: reclaim() may allocate.
class Reclaimer {
 public:
  virtual ~Reclaimer() = default;
  /// Both are constant.
  virtual ReclaimRung rung() const = 0;
  virtual std::string_view name() const = 0;
  /// How much it could give now; what a running graph uses is not reclaimable.
  virtual std::size_t reclaimable_bytes() const = 0;
  /// Gives back at least `target_bytes` if it can. Returns the bytes that it gave. Does not throw.
  virtual std::size_t reclaim(std::size_t target_bytes) = 0;
};

/// Keeps a reclaimer registered; a default-constructed one keeps nothing. Move-only. May outlive the pool.
///
/// When it has gone the reclaimer is not being called any more, and never will be: its destructor waits for
/// calls on other threads. Dropped inside a call of its reclaimer it does not wait for that call.
/// REQUIRES: inside a reclaim() only the reclaimer's own registration and those of lower rungs are dropped,
/// and no lock is held, nor a thread blocked, that a reclaim() in progress waits for.
class ReclaimRegistration {
 public:
  ReclaimRegistration() = default;
  ReclaimRegistration(ReclaimRegistration&&) noexcept = default;
  ReclaimRegistration& operator=(ReclaimRegistration&& other) noexcept;  // releases the old one first
  ~ReclaimRegistration() { release(); }

  void release() noexcept;

 private:
  friend class MemoryPool;
  explicit ReclaimRegistration(std::shared_ptr<memory::RegisteredReclaimer> registered);

  std::shared_ptr<memory::RegisteredReclaimer> registered_;
};

/// How far up the ladder (spec section 6).
///   light       the caches: up to prompt_prefixes
///   aggressive  everything but the model: up to context; trims the heap
///   emergency   the model too; trims the heap
enum class ReclaimExtent { light, aggressive, emergency };

/// "light", "aggressive", "emergency".
std::string_view to_string(ReclaimExtent extent);

/// The last rung that `extent` asks.
ReclaimRung highest_rung(ReclaimExtent extent);

/// A target that is never met: every rung up to the extent gives all that it can.
inline constexpr std::size_t kEverything = std::numeric_limits<std::size_t>::max();

/// Whether `returned_bytes` honours a claim. Resident memory is counted by the kernel in batches of 64 pages
/// a thread, and other threads go on allocating meanwhile: up to 256 KiB or 2% of the claim, whichever is
/// more, may be missing.
bool keeps_promise(std::size_t claimed_bytes, std::size_t returned_bytes);

/// One step that was asked.
struct ReclaimRecord {
  std::uint64_t sequence = 0;                     // counts from 1 over the ladder's life
  std::chrono::steady_clock::time_point began{};  // of the ladder's clock
  double duration_ms = 0;                         // the trim included, where one followed
  ReclaimRung rung = ReclaimRung::buffer_cache;
  std::string name;
  std::size_t claimed_bytes = 0;   // what the reclaimer said that it gave
  std::size_t returned_bytes = 0;  // the footprint before less the footprint after; 0 when it grew
  bool kept_promise = true;
};

/// All steps of one climb together.
struct ReclaimOutcome {
  std::size_t claimed_bytes = 0;
  std::size_t returned_bytes = 0;
};

/// What the ladder measures with, so that a test can hand in its own.
struct ReclaimSenses {
  // Resident memory of the process. Required. Takes well under 1 ms.
  std::function<std::size_t()> footprint_bytes;
  // Returns unused heap to the operating system. Empty: the C library's way, up to tens of milliseconds.
  std::function<void()> trim_heap{};
  // Empty: std::chrono::steady_clock.
  std::function<std::chrono::steady_clock::time_point()> now{};
};

/// Climbs from rung to rung until enough came back. The pool's own buffer cache is its first step.
class ReclaimLadder {
 public:
  ReclaimLadder(std::shared_ptr<MemoryPool> pool, ReclaimSenses senses);
  ~ReclaimLadder();
  ReclaimLadder(const ReclaimLadder&) = delete;
  ReclaimLadder& operator=(const ReclaimLadder&) = delete;

  /// Asks one reclaimer after the other, up to the extent, and stops when the bytes that came back, not
  /// those claimed, reach `target_bytes`. Above light, the heap is trimmed after a step that fell short of
  /// its claim, and at the end when the target was not met and nothing was trimmed; that counts as come back.
  ///
  /// Blocking, for as long as the steps take. One climb at a time, because two would measure each other: a
  /// second one waits, and what the process lost meanwhile counts towards its target.
  /// REQUIRES: not called inside a reclaim(), nor on a thread that a reclaim() waits for (the engine's).
  ReclaimOutcome climb(ReclaimExtent extent, std::size_t target_bytes = kEverything);

  /// The steps with a greater sequence number, oldest first: 0 for all. The last kHistory are kept.
  std::vector<ReclaimRecord> records_since(std::uint64_t sequence) const;
  static constexpr std::size_t kHistory = 256;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plimsoll
