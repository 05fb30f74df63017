#include <algorithm>
#include <cassert>
#include <limits>
#include <mutex>
#include <numeric>
#include <utility>

#include "memory/buffer_cache.h"
#include "memory/live_buffers.h"
#include "memory/page_source.h"
#include "memory/registered_reclaimer.h"
#include "plimsoll/memory.h"
#include "plimsoll/size.h"

namespace plimsoll {

namespace {

constexpr std::array<std::string_view, kMemoryHolderCount> kHolderNames = {
    "weights.text", "weights.vision", "kv",   "compute.text", "compute.vision", "cache.buffers",
    "cache.images", "cache.prefixes", "media"};

std::size_t index_of(MemoryHolder holder) { return static_cast<std::size_t>(holder); }

// Empty when `bytes` is too large to round.
std::optional<std::size_t> round_up_to_pages(std::size_t bytes) {
  const std::size_t page = PageSource::page_bytes();
  if (bytes > std::numeric_limits<std::size_t>::max() / 2) return std::nullopt;
  return std::max(page, (bytes + page - 1) / page * page);
}

// A reused buffer is charged whole: a much larger one would take room that no plan counted.
std::size_t most_reused_for(std::size_t bytes) {
  return std::min(2 * bytes, bytes + bytes / 16 + 2 * PageSource::page_bytes());
}

}  // namespace

std::string_view to_string(MemoryHolder holder) { return kHolderNames[index_of(holder)]; }

struct MemoryPool::Charge {
  MemoryHolder holder;
  std::size_t bytes;
  bool takes_memory;  // and not pages of files, which the kernel drops when it needs them
};

struct MemoryPool::Refusal {
  BudgetDenial denial;
  std::size_t missing_bytes;
};

struct MemoryPool::State {
  struct Pages {
    std::byte* data;
    std::size_t bytes;
  };

  // Of two that charge at once, each measured charge sees what the other was given. Comes before `mutex`.
  std::mutex measuring;

  mutable std::mutex mutex;
  std::unique_ptr<PageSource> source;
  Admission admission;
  memory::BufferCache<std::byte*> cache;
  MemoryLedger ledger;  // cache figures are filled in when it is read
  RoomProbe probe;
  memory::LiveBuffers live;
  std::size_t held_bytes = 0;      // of charges that are being measured: below the limit, not in the ledger
  std::size_t promised_bytes = 0;  // see PendingMemory
  // In the order that they are asked. The registrations own them: those that are gone lock to nothing.
  std::vector<std::weak_ptr<memory::RegisteredReclaimer>> reclaimers;

  // All below REQUIRE the mutex.

  std::size_t in_use() const { return ledger.active_bytes + held_bytes + cache.bytes(); }

  std::size_t room() const {
    if (!ledger.memory_limit_bytes) return std::numeric_limits<std::size_t>::max() - in_use();
    return *ledger.memory_limit_bytes > in_use() ? *ledger.memory_limit_bytes - in_use() : 0;
  }

  // What is kept for reuse under a name of its own counts towards the cache limit too, and comes before
  // nameless buffers.
  std::size_t buffer_cache_limit() const {
    const std::size_t named = ledger.of(MemoryHolder::cache_images) + ledger.of(MemoryHolder::cache_prefixes);
    return ledger.cache_limit_bytes - std::min(ledger.cache_limit_bytes, named);
  }
  bool cache_is_within_limit() const { return cache.bytes() <= buffer_cache_limit(); }

  void add(MemoryHolder holder, std::size_t bytes) {
    std::size_t& held = ledger.holder_bytes[index_of(holder)];
    held += bytes;
    ledger.active_bytes += bytes;
    std::size_t& held_peak = ledger.holder_peak_bytes[index_of(holder)];
    held_peak = std::max(held_peak, held);
    ledger.peak_bytes = std::max(ledger.peak_bytes, ledger.active_bytes);
    verify();
  }

  void subtract(MemoryHolder holder, std::size_t bytes) {
    assert(ledger.holder_bytes[index_of(holder)] >= bytes);
    ledger.holder_bytes[index_of(holder)] -= bytes;
    ledger.active_bytes -= bytes;
    verify();
  }

  // Takes the oldest entries out of the cache until `done`; the caller unmaps them without the lock.
  template <typename Done>
  std::vector<Pages> evict_until(Done done) {
    std::vector<Pages> evicted;
    while (!cache.empty() && !done()) {
      auto oldest = cache.take_oldest();
      evicted.push_back({oldest.value, oldest.bytes});
    }
    return evicted;
  }

  BudgetDenial denial(MemoryHolder holder, std::size_t bytes) const {
    BudgetDenial denial{.holder = std::string(to_string(holder)),
                        .requested_bytes = bytes,
                        .available_bytes = room() + cache.bytes(),
                        .limit_bytes = ledger.memory_limit_bytes.value_or(0),
                        .holders = {}};
    for (std::size_t i = 0; i < kMemoryHolderCount; ++i) {
      if (ledger.holder_bytes[i] > 0)
        denial.holders.push_back({std::string(kHolderNames[i]), ledger.holder_bytes[i]});
    }
    std::sort(denial.holders.begin(), denial.holders.end(),
              [](const HolderShare& a, const HolderShare& b) { return a.bytes > b.bytes; });
    return denial;
  }

  void verify() const {
    assert(std::accumulate(ledger.holder_bytes.begin(), ledger.holder_bytes.end(), std::size_t{0}) ==
           ledger.active_bytes);
  }

  void unmap(const std::vector<Pages>& pages) noexcept {
    for (const Pages& p : pages) source->unmap(p.data, p.bytes);
  }
};

std::shared_ptr<MemoryPool> MemoryPool::create(std::unique_ptr<PageSource> pages, Admission admission) {
  if (!pages) pages = std::make_unique<memory::AnonymousPages>();
  return std::shared_ptr<MemoryPool>(new MemoryPool(std::move(pages), std::move(admission)));
}

MemoryPool::MemoryPool(std::unique_ptr<PageSource> pages, Admission admission)
    : state_(std::make_unique<State>()) {
  state_->source = std::move(pages);
  state_->admission = std::move(admission);
}

MemoryPool::~MemoryPool() { clear_cache(); }

std::size_t MemoryPool::active_memory() const { return ledger().active_bytes; }
std::size_t MemoryPool::cache_memory() const { return ledger().cache_bytes; }
std::size_t MemoryPool::peak_memory() const { return ledger().peak_bytes; }
std::optional<std::size_t> MemoryPool::memory_limit() const { return ledger().memory_limit_bytes; }
std::size_t MemoryPool::cache_limit() const { return ledger().cache_limit_bytes; }

MemoryLedger MemoryPool::ledger() const {
  std::lock_guard lock(state_->mutex);
  MemoryLedger ledger = state_->ledger;
  ledger.cache_bytes = state_->cache.bytes();
  ledger.holder_bytes[index_of(MemoryHolder::cache_buffers)] = ledger.cache_bytes;
  return ledger;
}

void MemoryPool::reset_peak_memory() {
  std::lock_guard lock(state_->mutex);
  state_->ledger.peak_bytes = state_->ledger.active_bytes;
  state_->ledger.holder_peak_bytes = state_->ledger.holder_bytes;
  state_->ledger.holder_peak_bytes[index_of(MemoryHolder::cache_buffers)] = state_->cache.bytes();
}

std::optional<std::size_t> MemoryPool::set_memory_limit(std::optional<std::size_t> bytes) {
  std::vector<State::Pages> evicted;
  std::optional<std::size_t> previous;
  {
    std::lock_guard lock(state_->mutex);
    previous = std::exchange(state_->ledger.memory_limit_bytes, bytes);
    evicted = state_->evict_until([&] { return !bytes || state_->in_use() <= *bytes; });
  }
  state_->unmap(evicted);
  return previous;
}

std::size_t MemoryPool::set_cache_limit(std::size_t bytes) {
  std::vector<State::Pages> evicted;
  std::size_t previous = 0;
  {
    std::lock_guard lock(state_->mutex);
    previous = std::exchange(state_->ledger.cache_limit_bytes, bytes);
    evicted = state_->evict_until([&] { return state_->cache_is_within_limit(); });
  }
  state_->unmap(evicted);
  return previous;
}

std::size_t MemoryPool::clear_cache() {
  std::vector<State::Pages> evicted;
  {
    std::lock_guard lock(state_->mutex);
    evicted = state_->evict_until([] { return false; });
  }
  state_->unmap(evicted);
  return std::accumulate(evicted.begin(), evicted.end(), std::size_t{0},
                         [](std::size_t sum, const State::Pages& p) { return sum + p.bytes; });
}

Expected<void> MemoryPool::admit(MemoryHolder holder, std::size_t bytes) const {
  if (!state_->admission || state_->admission(holder, bytes)) return {};
  std::lock_guard lock(state_->mutex);
  BudgetDenial denial = state_->denial(holder, bytes);
  denial.available_bytes = 0;
  denial.limit_bytes = state_->ledger.active_bytes;
  return tl::unexpected(over_budget_error(std::move(denial)));
}

// Charges if it fits, after dropping cache and, at last, after asking the reclaimers.
Expected<void> MemoryPool::charge(const Charge& charge) {
  for (bool asked_reclaimers = false;;) {
    auto refusal = try_charge(charge);
    if (!refusal) return {};
    // The limit has seen to the cache itself. What reclaimers let go may be there, too.
    if (refusal->denial.bound != kMemoryLimitBound && clear_cache() > 0) continue;
    if (asked_reclaimers) return tl::unexpected(over_budget_error(std::move(refusal->denial)));
    asked_reclaimers = true;
    reclaim(refusal->missing_bytes, ReclaimRung::model,
            [](Reclaimer& reclaimer, std::size_t target) { return reclaimer.reclaim(target); });
  }
}

std::optional<MemoryPool::Refusal> MemoryPool::try_charge(const Charge& charge) {
  RoomProbe probe;
  if (charge.takes_memory && charge.bytes >= kMeasuredChargeBytes) {
    std::lock_guard lock(state_->mutex);
    probe = state_->probe;
  }
  std::unique_lock one_at_a_time(state_->measuring, std::defer_lock);
  if (probe) one_at_a_time.lock();
  if (auto refusal = hold(charge)) return refusal;
  std::optional<Refusal> refusal;
  if (probe) refusal = measure(charge, probe);
  settle(charge, !refusal);
  return refusal;
}

// Takes room below the limit, after dropping cache, that nobody sees in the ledger yet.
std::optional<MemoryPool::Refusal> MemoryPool::hold(const Charge& charge) {
  std::vector<State::Pages> evicted;
  std::optional<Refusal> refusal;
  {
    std::lock_guard lock(state_->mutex);
    evicted = state_->evict_until([&] { return state_->room() >= charge.bytes; });
    if (state_->room() >= charge.bytes) {
      state_->held_bytes += charge.bytes;
    } else {
      refusal = Refusal{state_->denial(charge.holder, charge.bytes), charge.bytes - state_->room()};
    }
  }
  state_->unmap(evicted);
  return refusal;
}

std::optional<MemoryPool::Refusal> MemoryPool::measure(const Charge& charge, const RoomProbe& probe) {
  MeasuredRoom room = probe(pending());
  if (room.growth_bytes >= charge.bytes) return std::nullopt;
  std::lock_guard lock(state_->mutex);
  Refusal refusal{state_->denial(charge.holder, charge.bytes), charge.bytes - room.growth_bytes};
  refusal.denial.available_bytes = room.growth_bytes;
  refusal.denial.limit_bytes = room.limit_bytes;
  refusal.denial.bound = std::move(room.source);
  return refusal;
}

// Makes a charge of what is held, or lets it go.
void MemoryPool::settle(const Charge& charge, bool charged) {
  std::vector<State::Pages> evicted;
  {
    std::lock_guard lock(state_->mutex);
    state_->held_bytes -= charge.bytes;
    if (charged) {
      state_->add(charge.holder, charge.bytes);
      if (charge.takes_memory) state_->promised_bytes += charge.bytes;
      evicted = state_->evict_until([&] { return state_->cache_is_within_limit(); });
    }
  }
  state_->unmap(evicted);
}

PendingMemory MemoryPool::pending() {
  PendingMemory pending;
  std::vector<memory::LiveBuffers::Span> spans, full;
  {
    std::lock_guard lock(state_->mutex);
    pending.promised_bytes = state_->promised_bytes;
    spans = state_->live.perhaps_untouched();
  }
  for (const auto& span : spans) {
    const std::size_t untouched = span.bytes - state_->source->resident_bytes(span.data, span.bytes);
    if (untouched == 0) full.push_back(span);
    pending.untouched_bytes += untouched;
  }
  std::lock_guard lock(state_->mutex);
  for (const auto& span : full) state_->live.note_full(span);
  return pending;
}

void MemoryPool::set_room_probe(RoomProbe probe) {
  std::lock_guard lock(state_->mutex);
  state_->probe = std::move(probe);
}

void MemoryPool::refund(MemoryHolder holder, std::size_t bytes, bool promised) noexcept {
  std::lock_guard lock(state_->mutex);
  state_->subtract(holder, bytes);
  if (promised) state_->promised_bytes -= bytes;
}

void MemoryPool::fulfil(std::size_t promised_bytes) noexcept {
  std::lock_guard lock(state_->mutex);
  state_->promised_bytes -= promised_bytes;
}

Expected<Reservation> MemoryPool::reserve(MemoryHolder holder, std::size_t bytes) {
  if (auto admitted = admit(holder, bytes); !admitted) return tl::unexpected(admitted.error());
  // What a decoder or a helper takes, or pages of a model's file.
  const bool takes_memory = holder == MemoryHolder::media;
  return charge({holder, bytes, takes_memory}).map([&] {
    return Reservation(shared_from_this(), holder, bytes, takes_memory);
  });
}

Expected<Buffer> MemoryPool::allocate(MemoryHolder holder, std::size_t bytes) {
  const auto rounded = round_up_to_pages(bytes);
  if (!rounded) return fail(ErrorCode::invalid_argument, "no machine has a buffer of that size");
  if (auto admitted = admit(holder, *rounded); !admitted) return tl::unexpected(admitted.error());
  {
    std::lock_guard lock(state_->mutex);
    if (auto cached = state_->cache.take(*rounded, most_reused_for(*rounded))) {
      state_->add(holder, cached->bytes);
      state_->live.add(cached->value, cached->bytes);
      return Buffer(shared_from_this(), holder, cached->value, cached->bytes);
    }
  }
  if (auto charged = charge({holder, *rounded, true}); !charged) return tl::unexpected(charged.error());
  std::byte* data = state_->source->map(*rounded);
  if (data == nullptr && clear_cache() > 0) data = state_->source->map(*rounded);
  if (data == nullptr) {
    refund(holder, *rounded, true);
    return fail(ErrorCode::out_of_memory, "the operating system has no " + format_size(*rounded) +
                                              " left for " + std::string(to_string(holder)) +
                                              "; close other programs or use a smaller model");
  }
  std::lock_guard lock(state_->mutex);
  state_->promised_bytes -= *rounded;
  state_->live.add(data, *rounded);
  return Buffer(shared_from_this(), holder, data, *rounded);
}

void MemoryPool::take_back(MemoryHolder holder, std::byte* data, std::size_t bytes) noexcept {
  std::vector<State::Pages> evicted;
  {
    std::lock_guard lock(state_->mutex);
    state_->subtract(holder, bytes);
    state_->live.remove(data);
    const bool keep = bytes <= state_->buffer_cache_limit() && bytes <= state_->room();
    if (keep) {
      state_->cache.insert(data, bytes);
      evicted = state_->evict_until([&] { return state_->cache_is_within_limit(); });
      std::size_t& peak = state_->ledger.holder_peak_bytes[index_of(MemoryHolder::cache_buffers)];
      peak = std::max(peak, state_->cache.bytes());
    } else {
      evicted.push_back({data, bytes});
    }
  }
  state_->unmap(evicted);
}

void MemoryPool::zero(std::byte* data, std::size_t bytes) noexcept {
  state_->source->zero(data, bytes);
  std::lock_guard lock(state_->mutex);
  state_->live.note_zeroed(data);
}

void MemoryPool::prefer_large_pages(std::byte* data, std::size_t bytes) noexcept {
  state_->source->prefer_large_pages(data, bytes);
}

MappedNote MemoryPool::note_mapped(std::size_t bytes) {
  std::lock_guard lock(state_->mutex);
  state_->ledger.mapped_bytes += bytes;
  return MappedNote(shared_from_this(), bytes);
}

void MemoryPool::forget_mapped(std::size_t bytes) noexcept {
  std::lock_guard lock(state_->mutex);
  state_->ledger.mapped_bytes -= bytes;
}

ReclaimRegistration MemoryPool::add_reclaimer(Reclaimer& reclaimer) {
  const auto added = std::make_shared<memory::RegisteredReclaimer>(reclaimer);
  std::lock_guard lock(state_->mutex);
  auto& all = state_->reclaimers;
  std::erase_if(all, [](const auto& known) { return known.expired(); });
  const auto place = std::find_if(all.begin(), all.end(), [&](const auto& known) {
    const auto other = known.lock();
    return other && other->rung() > added->rung();
  });
  all.insert(place, added);
  return ReclaimRegistration(added);
}

std::size_t MemoryPool::reclaim(std::size_t target_bytes, ReclaimRung highest, const AskReclaimer& ask) {
  std::vector<std::weak_ptr<memory::RegisteredReclaimer>> reclaimers;
  {
    std::lock_guard lock(state_->mutex);
    reclaimers = state_->reclaimers;
  }
  std::size_t given = 0;
  for (const auto& weak : reclaimers) {
    if (given >= target_bytes) break;
    const auto registered = weak.lock();
    if (!registered || registered->rung() > highest) continue;
    given += registered->call([&](Reclaimer& reclaimer) {
      return reclaimer.reclaimable_bytes() > 0 ? ask(reclaimer, target_bytes - given) : 0;
    });
  }
  return given;
}

}  // namespace plimsoll
