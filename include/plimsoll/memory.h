// The memory line. A pool counts every byte that tensors, caches and pictures hold, to a named
// holder, and refuses what would pass the limit: charge first, then allocate, refund on failure.
// A large charge is also checked against the device as it is at that moment, see RoomProbe.
//
// active memory  bytes in live buffers and reservations
// cache memory   bytes of freed buffers kept for reuse; may be dropped at any time. Pictures and prompts that
//                are kept for reuse (cache.images, cache.prefixes) are active, and leave it that much less
// peak memory    the highest active memory since it was last reset
// (the terms and their meaning are MLX's, see spec section 3)
//
// Every function of MemoryPool is thread-safe. active + cache never exceeds the memory limit, unless
// the limit was lowered below what was active already.
#pragma once

#include <plimsoll/error.h>
#include <plimsoll/reclaim.h>

#include <array>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace plimsoll {

/// Who holds a byte. The names in the ledger have a dot: weights_text is "weights.text".
enum class MemoryHolder {
  weights_text,
  weights_vision,
  kv,
  compute_text,
  compute_vision,
  cache_buffers,  // equals the cache memory
  cache_images,
  cache_prefixes,
  media,
};
inline constexpr std::size_t kMemoryHolderCount = 9;

std::string_view to_string(MemoryHolder holder);

/// A consistent reading of the pool: all figures of one instant, in bytes.
struct MemoryLedger {
  std::size_t active_bytes = 0;
  std::size_t cache_bytes = 0;
  std::size_t peak_bytes = 0;
  // Pages of mapped files that are not charged, because the kernel may drop them at any time.
  std::size_t mapped_bytes = 0;
  std::optional<std::size_t> memory_limit_bytes;
  std::size_t cache_limit_bytes = 0;
  std::array<std::size_t, kMemoryHolderCount> holder_bytes{};
  std::array<std::size_t, kMemoryHolderCount> holder_peak_bytes{};

  std::size_t of(MemoryHolder holder) const { return holder_bytes[static_cast<std::size_t>(holder)]; }
};

class MemoryPool;

/// A charge without memory of its own: for bytes that a library or a file mapping holds. Move-only;
/// gives the charge back when it goes. A default-constructed one holds nothing.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept;
  Reservation& operator=(Reservation&& other) noexcept;  // releases the old charge first
  ~Reservation() { release(); }

  std::size_t bytes() const { return bytes_; }
  void release() noexcept;
  /// Gives back all above `bytes`. No effect when `bytes` is not smaller than bytes().
  void shrink_to(std::size_t bytes) noexcept;
  /// The library or helper has taken the memory, so measurements show it: it is no longer pending
  /// (PendingMemory). The charge stays.
  void mark_taken() noexcept;

 private:
  friend class MemoryPool;
  Reservation(std::shared_ptr<MemoryPool> pool, MemoryHolder holder, std::size_t bytes, bool pending);

  std::shared_ptr<MemoryPool> pool_;
  MemoryHolder holder_ = MemoryHolder::media;
  std::size_t bytes_ = 0;
  bool pending_ = false;
};

/// Charged memory: page-aligned, not zeroed. Move-only; when it goes, the memory returns to the pool's
/// cache (within the cache limit) or to the operating system, and the charge is given back.
class Buffer {
 public:
  Buffer() = default;
  Buffer(Buffer&& other) noexcept;
  Buffer& operator=(Buffer&& other) noexcept;  // releases the old memory first
  ~Buffer() { release(); }

  std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }  // at least what was asked for
  /// Makes all of it zero. What is not written to afterwards stays charged, but takes no memory.
  void zero() noexcept;
  /// A hint, before it is written to: pages as large as the operating system has. What a disk writes straight
  /// to memory then goes in few large requests.
  void prefer_large_pages() noexcept;
  void release() noexcept;

 private:
  friend class MemoryPool;
  Buffer(std::shared_ptr<MemoryPool> pool, MemoryHolder holder, std::byte* data, std::size_t size);

  std::shared_ptr<MemoryPool> pool_;
  MemoryHolder holder_ = MemoryHolder::media;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

/// A note of mapped, uncharged file pages. Move-only.
class MappedNote {
 public:
  MappedNote() = default;
  MappedNote(MappedNote&& other) noexcept;
  MappedNote& operator=(MappedNote&& other) noexcept;
  ~MappedNote();

 private:
  friend class MemoryPool;
  MappedNote(std::shared_ptr<MemoryPool> pool, std::size_t bytes);

  std::shared_ptr<MemoryPool> pool_;
  std::size_t bytes_ = 0;
};

/// Where buffers come from: the operating system, or a test's double.
class PageSource {
 public:
  virtual ~PageSource() = default;
  /// `bytes` is a multiple of page_bytes(). Returns nullptr when there is no memory.
  virtual std::byte* map(std::size_t bytes) = 0;
  virtual void unmap(std::byte* data, std::size_t bytes) noexcept = 0;
  /// Makes whole pages zero. As written here it writes to them; the operating system's leave memory until
  /// they are written to.
  virtual void zero(std::byte* data, std::size_t bytes) noexcept;
  /// As written here it does nothing.
  virtual void prefer_large_pages(std::byte* data, std::size_t bytes) noexcept;
  /// How many bytes of whole pages are in memory; all that were never written to, or have been swapped out,
  /// are not. May be asked for pages that another thread has just unmapped. As written here: all of them.
  virtual std::size_t resident_bytes(std::byte* data, std::size_t bytes) const noexcept;
  static std::size_t page_bytes();
};

/// Memory that is charged, will be taken, and is not in what the operating system counts as used yet.
struct PendingMemory {
  std::size_t untouched_bytes = 0;  // pages of buffers that nobody has written to; mapped already
  std::size_t promised_bytes = 0;   // reservations of `media` that were not taken, and buffers not yet mapped
  std::size_t bytes() const { return untouched_bytes + promised_bytes; }
};

/// What this process and its helpers may still take before they meet the tightest bound of the device.
struct MeasuredRoom {
  std::size_t growth_bytes = 0;  // measured now, less what is pending
  std::size_t limit_bytes = 0;   // the bound itself
  std::string source;            // what sets it: kPhysicalMemory, the path of a cgroup's file, "RLIMIT_DATA"
};

/// Measures. The caller says what is pending, because bounds differ in what they count already: RLIMIT_DATA
/// counts a page as soon as it is mapped, a cgroup when it is written to.
/// Called from the thread that charges, without the lock of the pool held, and never from two at once.
/// REQUIRES: it does not charge the pool. Should take well under 1 ms.
using RoomProbe = std::function<MeasuredRoom(const PendingMemory& pending)>;

/// Smaller charges are not measured: what many of them add up to is less than the margin that a probe leaves
/// for the kernel, and is seen at the next large one. Measuring takes 0.1 to 0.3 ms, as long as the kernel
/// takes to hand out a megabyte.
inline constexpr std::size_t kMeasuredChargeBytes = std::size_t{1} << 20;

/// The place for a policy of the application's own. Asked before each charge, whether it fits or not, from
/// the thread that charges and without any lock of the pool held. False refuses the charge with
/// `over_budget`, as if the limit were what is held by then; no cache is dropped and no reclaimer asked.
using Admission = std::function<bool(MemoryHolder holder, std::size_t bytes)>;

class MemoryPool : public std::enable_shared_from_this<MemoryPool> {
 public:
  /// `pages` defaults to anonymous mappings of the operating system; without `admission` the limit alone
  /// decides. Both limits start open: no memory limit, and a cache limit of zero (nothing is kept).
  static std::shared_ptr<MemoryPool> create(std::unique_ptr<PageSource> pages = nullptr,
                                            Admission admission = {});
  ~MemoryPool();
  MemoryPool(const MemoryPool&) = delete;
  MemoryPool& operator=(const MemoryPool&) = delete;

  std::size_t active_memory() const;
  std::size_t cache_memory() const;
  std::size_t peak_memory() const;
  /// Sets the peaks, of the pool and of each holder, to what is active now.
  void reset_peak_memory();

  std::optional<std::size_t> memory_limit() const;
  std::size_t cache_limit() const;
  /// Each returns the previous limit. A lower limit drops cache at once, and refuses from then on;
  /// it never takes away what is active.
  std::optional<std::size_t> set_memory_limit(std::optional<std::size_t> bytes);
  std::size_t set_cache_limit(std::size_t bytes);

  /// From now on charges of kMeasuredChargeBytes and more must also fit into the room that `probe` measures.
  /// Not measured are reservations of other holders than `media`: they stand for pages of files, which the
  /// kernel drops when it needs them. An empty probe, as at first: nothing is measured.
  void set_room_probe(RoomProbe probe);

  /// Gives the whole cache back to the operating system. Returns the bytes given.
  std::size_t clear_cache();

  /// Charges `bytes` to `holder`. What does not fit, below the limit or into the measured room, first drops
  /// cache, then asks the reclaimers for what is missing, as reclaim() does, and is then refused with
  /// `over_budget`; the denial names the bound.
  Expected<Reservation> reserve(MemoryHolder holder, std::size_t bytes);

  /// Charges as reserve() does, then hands out memory of at least `bytes`, rounded up to pages, from the
  /// cache where a buffer waits that is at most a sixteenth and two pages larger, and at most twice as large.
  /// Fails with `out_of_memory`, the charge refunded, when the operating system has none.
  Expected<Buffer> allocate(MemoryHolder holder, std::size_t bytes);

  MappedNote note_mapped(std::size_t bytes);

  /// REQUIRES: `reclaimer` outlives what this returns.
  [[nodiscard]] ReclaimRegistration add_reclaimer(Reclaimer& reclaimer);

  /// Asks the reclaimers that have something to give, in the order of their rungs and within a rung in that
  /// of their registration, up to `highest`, until they gave `target_bytes`. Returns the bytes given.
  /// Blocking, as long as they take. `ask` calls reclaim() and says what that gave.
  using AskReclaimer = std::function<std::size_t(Reclaimer& reclaimer, std::size_t target_bytes)>;
  std::size_t reclaim(std::size_t target_bytes, ReclaimRung highest, const AskReclaimer& ask);

  MemoryLedger ledger() const;

 private:
  friend class Reservation;
  friend class Buffer;
  friend class MappedNote;
  struct State;
  struct Charge;
  struct Refusal;

  MemoryPool(std::unique_ptr<PageSource> pages, Admission admission);
  Expected<void> admit(MemoryHolder holder, std::size_t bytes) const;
  Expected<void> charge(const Charge& charge);
  std::optional<Refusal> try_charge(const Charge& charge);
  std::optional<Refusal> hold(const Charge& charge);
  std::optional<Refusal> measure(const Charge& charge, const RoomProbe& probe);
  void settle(const Charge& charge, bool charged);
  PendingMemory pending();
  void refund(MemoryHolder holder, std::size_t bytes, bool promised) noexcept;
  void fulfil(std::size_t promised_bytes) noexcept;
  void take_back(MemoryHolder holder, std::byte* data, std::size_t bytes) noexcept;
  void zero(std::byte* data, std::size_t bytes) noexcept;
  void prefer_large_pages(std::byte* data, std::size_t bytes) noexcept;
  void forget_mapped(std::size_t bytes) noexcept;

  std::unique_ptr<State> state_;
};

}  // namespace plimsoll
