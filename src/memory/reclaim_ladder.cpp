#include <algorithm>
#include <array>
#include <deque>
#include <mutex>
#include <utility>

#include "memory/heap.h"
#include "plimsoll/memory.h"
#include "plimsoll/reclaim.h"
#include "plimsoll/size.h"

namespace plimsoll {

namespace {

// The pool's freed buffers. All of them: spec section 6 says to clear the cache.
class BufferCacheStep : public Reclaimer {
 public:
  explicit BufferCacheStep(MemoryPool& pool) : pool_(pool) {}
  ReclaimRung rung() const override { return ReclaimRung::buffer_cache; }
  std::string_view name() const override { return to_string(rung()); }
  std::size_t reclaimable_bytes() const override { return pool_.cache_memory(); }
  std::size_t reclaim(std::size_t) override { return pool_.clear_cache(); }

 private:
  MemoryPool& pool_;
};

std::size_t shrunk_by(std::size_t before, std::size_t after) { return before - std::min(before, after); }

}  // namespace

std::string_view to_string(ReclaimRung rung) {
  constexpr std::array<std::string_view, 6> kNames = {"buffer cache",   "image embeddings", "prompt prefixes",
                                                      "vision encoder", "context",          "model"};
  return kNames[static_cast<std::size_t>(rung)];
}

std::string_view to_string(ReclaimExtent extent) {
  constexpr std::array<std::string_view, 3> kNames = {"light", "aggressive", "emergency"};
  return kNames[static_cast<std::size_t>(extent)];
}

ReclaimRung highest_rung(ReclaimExtent extent) {
  constexpr std::array kHighest = {ReclaimRung::prompt_prefixes, ReclaimRung::context, ReclaimRung::model};
  return kHighest[static_cast<std::size_t>(extent)];
}

bool keeps_promise(std::size_t claimed_bytes, std::size_t returned_bytes) {
  constexpr std::size_t kBatch = 256 * kKiB;
  return returned_bytes + std::max(kBatch, claimed_bytes / 50) >= claimed_bytes;
}

struct ReclaimLadder::State {
  State(std::shared_ptr<MemoryPool> given_pool, ReclaimSenses given_senses)
      : pool(std::move(given_pool)), senses(std::move(given_senses)), buffer_cache(*pool) {
    if (!senses.trim_heap) senses.trim_heap = memory::trim_heap;
    if (!senses.now) senses.now = std::chrono::steady_clock::now;
    registration = pool->add_reclaimer(buffer_cache);
  }

  // Asks one reclaimer and writes down what came of it. REQUIRES climbing.
  ReclaimRecord step(Reclaimer& reclaimer, std::size_t target, bool may_trim) {
    const auto began = senses.now();
    const std::size_t before = senses.footprint_bytes();
    ReclaimRecord record{.began = began, .rung = reclaimer.rung(), .name = std::string(reclaimer.name())};
    record.claimed_bytes = reclaimer.reclaim(target);
    pool->clear_cache();  // what was freed is to leave the process, not to wait there for another use
    record.returned_bytes = shrunk_by(before, senses.footprint_bytes());
    if (may_trim && !keeps_promise(record.claimed_bytes, record.returned_bytes)) {
      senses.trim_heap();
      trimmed = true;
      record.returned_bytes = shrunk_by(before, senses.footprint_bytes());
    }
    record.kept_promise = keeps_promise(record.claimed_bytes, record.returned_bytes);
    record.duration_ms = std::chrono::duration<double, std::milli>(senses.now() - began).count();
    remember(record);
    return record;
  }

  // What the heap gives where no step was short of its claim. REQUIRES climbing.
  std::size_t trim() {
    const std::size_t before = senses.footprint_bytes();
    senses.trim_heap();
    return shrunk_by(before, senses.footprint_bytes());
  }

  void remember(ReclaimRecord& record) {
    std::lock_guard lock(history_mutex);
    record.sequence = ++last_sequence;
    history.push_back(record);
    if (history.size() > kHistory) history.pop_front();
  }

  const std::shared_ptr<MemoryPool> pool;
  ReclaimSenses senses;
  std::mutex climbing;   // held through a climb
  bool trimmed = false;  // in this climb

  mutable std::mutex history_mutex;
  std::uint64_t last_sequence = 0;
  std::deque<ReclaimRecord> history;

  BufferCacheStep buffer_cache;
  ReclaimRegistration registration;
};

ReclaimLadder::ReclaimLadder(std::shared_ptr<MemoryPool> pool, ReclaimSenses senses)
    : state_(std::make_unique<State>(std::move(pool), std::move(senses))) {}

ReclaimLadder::~ReclaimLadder() = default;

ReclaimOutcome ReclaimLadder::climb(ReclaimExtent extent, std::size_t target_bytes) {
  State& s = *state_;
  const bool may_trim = extent != ReclaimExtent::light;
  const std::size_t at_call = s.senses.footprint_bytes();
  std::lock_guard lock(s.climbing);
  s.trimmed = false;
  if (target_bytes != kEverything)
    target_bytes -= std::min(target_bytes, shrunk_by(at_call, s.senses.footprint_bytes()));

  ReclaimOutcome outcome;
  outcome.returned_bytes =
      s.pool->reclaim(target_bytes, highest_rung(extent), [&](Reclaimer& reclaimer, std::size_t target) {
        const ReclaimRecord record = s.step(reclaimer, target, may_trim);
        outcome.claimed_bytes += record.claimed_bytes;
        return record.returned_bytes;
      });
  if (may_trim && !s.trimmed && outcome.returned_bytes < target_bytes) outcome.returned_bytes += s.trim();
  return outcome;
}

std::vector<ReclaimRecord> ReclaimLadder::records_since(std::uint64_t sequence) const {
  std::lock_guard lock(state_->history_mutex);
  const auto newer = [&](const ReclaimRecord& record) { return record.sequence > sequence; };
  const auto first = std::find_if(state_->history.begin(), state_->history.end(), newer);
  return {first, state_->history.end()};
}

}  // namespace plimsoll
